import pg from 'pg';
import type { TestStack } from '../../support/stack.js';
import type { Surroundings } from '../rig/runner.js';
import { openServers, type Servers } from '../rig/servers.js';
import { CpuMeter } from '../story/cpu-meter.js';
import { judgeAt } from '../story/judge-client.js';
import { ChainProcess } from './chain-process.js';
import type { Options } from './options.js';
import { fill, openPipeline, refreshAll, untilOverdue, type PipelineScale } from './penstock-side.js';
import { monotonicMicros } from './profile-files.js';
import type { Span } from './profile-table.js';
import type { Round } from './rounds.js';

export interface PipelineRun {
  penstock: Round[];
  /** When Penstock's rounds were, on the clock of the CPU profiles. */
  spans: Span[];
  chain: { kind: 'measured'; rounds: Round[] } | { kind: 'not available'; reason: string };
  versions: Record<string, string>;
}

interface Field {
  options: Options;
  scale: PipelineScale;
  own: Surroundings;
  servers: Servers;
  stack: TestStack;
  database: pg.Client;
}

/** Round and round about: both have the same machine in the same minutes. */
export async function runPipeline(options: Options, own: Surroundings): Promise<PipelineRun> {
  const servers = await openServers({ ...own, redis: options.chain });
  const scale = { items: options.refreshes, concurrency: options.concurrency };
  try {
    const stack = await openPipeline(scale, { servers, own, profileDir: options.profileDir });
    const database = new pg.Client({ connectionString: servers.postgresUrl });
    try {
      await database.connect();
      own.progress.step(`storing ${scale.items} resources once`);
      await fill(stack, database, scale, own);
      return await interleaved({ options, scale, own, servers, stack, database });
    } finally {
      await database.end();
      await stack.stop();
    }
  } finally {
    await servers.stop();
  }
}

async function interleaved(field: Field): Promise<PipelineRun> {
  const { options, own, servers } = field;
  const penstock: Round[] = [];
  const chain: Round[] = [];
  const spans: Span[] = [];
  for (let n = 1; n <= options.rounds; n += 1) {
    if (servers.redis.kind === 'up') chain.push(told(own, `round ${n}, BullMQ chain`, await chainRound(field, n)));
    await untilOverdue(field.database, own);
    const { span, ...round } = await penstockRound(field);
    penstock.push(told(own, `round ${n}, Penstock`, round));
    spans.push(span);
  }
  const { redis, versions } = servers;
  return {
    penstock,
    spans,
    chain:
      redis.kind === 'up'
        ? { kind: 'measured', rounds: chain }
        : { kind: 'not available', reason: `Redis: ${redis.reason}` },
    versions,
  };
}

function told({ progress }: Surroundings, name: string, round: Round): Round {
  const perSecond = Math.round((round.refreshes / round.elapsedMs) * 1000);
  progress.step(`${name}: ${round.refreshes} in ${(round.elapsedMs / 1000).toFixed(2)} s, ${perSecond}/s`);
  return round;
}

async function penstockRound({ stack, servers, database, scale, own }: Field): Promise<Round & { span: Span }> {
  const pids = (): Record<string, number | undefined> => ({
    ...servers.pids(),
    ...Object.fromEntries(stack.running().map(({ name, pid }) => [name, pid])),
  });
  // The scheduler has begun anew: what it takes to start is not counted.
  let cpu = new CpuMeter(pids);
  const begun = (): void => void (cpu = new CpuMeter(pids));
  const outcome = await refreshAll(stack, database, scale, { own, begun });
  const cpuSeconds = cpu.seconds();
  const toMicros = monotonicMicros();
  await stack.halt('scheduler');
  return { ...outcome, cpuSeconds, span: { fromMicros: toMicros - outcome.elapsedMs * 1000, toMicros } };
}

async function chainRound({ stack, servers, scale }: Field, n: number): Promise<Round> {
  const { redis, postgresUrl } = servers;
  if (redis.kind !== 'up') throw new Error('expected Redis to run, found none');
  const chain = new ChainProcess();
  try {
    const order = { ...scale, queue: `refresh-${n}`, redisPort: redis.port, postgresUrl, demoUrl: stack.demoUrl };
    await chain.prepare(order);
    await judgeAt(stack.demoUrl).reset();
    const cpu = new CpuMeter(() => ({
      ...servers.pids(),
      'bullmq-chain': chain.pid,
      'demo-upstream': stack.pid('demo-upstream'),
    }));
    const startedMs = performance.now();
    const failed = await chain.run();
    return {
      refreshes: scale.items - failed,
      elapsedMs: performance.now() - startedMs,
      cpuSeconds: cpu.seconds(),
    };
  } finally {
    chain.stop();
  }
}
