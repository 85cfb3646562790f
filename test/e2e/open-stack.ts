import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freshDatabase, freshNamespace, testServers } from '../support/servers.js';
import { startStack, type StackOptions, type TestStack } from '../support/stack.js';
import { judgeAt, type Judge } from './judge.js';

export interface OpenStack extends TestStack {
  readonly judge: Judge;
  readonly postgresUrl: string;
  readonly natsUrl: string;
  /** The data planes, in the order of the replicas. */
  readonly dataUrls: readonly string[];
}

/** Quick, and nothing changes of its own accord: what a test sees is what it did. */
export const CALM = { latency: { p50Ms: 3, p99Ms: 15 }, changes: { frozenShare: 1 }, limits: { windows: [] } };

export type Opening = Omit<StackOptions, 'postgresUrl' | 'natsUrl' | 'namespace' | 'demo'> & {
  /** The profile of the demo upstream, or false for none. */
  readonly demo?: object | false;
};

/** The four services as processes, in a database and a namespace of their own. */
export async function openStack(name: string, { demo = CALM, ...options }: Opening): Promise<OpenStack> {
  const { natsUrl } = testServers();
  const postgresUrl = await freshDatabase(name);
  const namespace = freshNamespace();
  const stack = await startStack({
    ...options,
    postgresUrl,
    natsUrl,
    namespace,
    demo: demo !== false && { DEMO_PROFILE: JSON.stringify(demo) },
  });
  const dataUrls = stack.running().flatMap(({ dataUrl }) => dataUrl ?? []);
  const stop = async (): Promise<void> => {
    await stack.stop();
    await removeStreams(natsUrl, namespace);
  };
  return { ...stack, stop, judge: judgeAt(stack.demoUrl), postgresUrl, natsUrl, dataUrls };
}

/** A stream has what it may take set aside for it: a server that several stacks leave theirs on is soon full. */
export async function removeStreams(natsUrl: string, namespace: string): Promise<void> {
  const nc = await connect({ servers: natsUrl });
  const jsm = await jetstreamManager(nc);
  for await (const name of jsm.streams.names()) {
    if (name.startsWith(`${namespace}_`) || name.startsWith(`KV_${namespace}_`)) await jsm.streams.delete(name);
  }
  await nc.close();
}
