// A process of its own for each peer: none suffers from another's work.
import { setMaxListeners } from 'node:events';
import { Agent, type Dispatcher } from 'undici';
import { outcomeOf, type Outcome } from './answers.js';
import { awsAdaptive } from './aws-adaptive.js';
import { bottleneck } from './bottleneck.js';
import { bullmq } from './bullmq.js';
import { pauseFullSpeed } from './pause-full-speed.js';
import { PEERS, type Peer, type PeerName, type PeerOrder } from './peer.js';

export type PeerMessage = { kind: 'begin'; order: PeerOrder } | { kind: 'end'; cell: string };

const peers: Record<PeerName, Peer> = {
  bottleneck,
  bullmq,
  'aws-adaptive': awsAdaptive,
  'pause-full-speed': pauseFullSpeed,
};
const name = PEERS.find((one) => one === process.argv[2]);
if (name === undefined) throw new Error(`expected one of ${PEERS.join(', ')}, found ${process.argv[2]}`);
const peer = peers[name];
const running = new Map<string, AbortController>();

process.on('message', (message: PeerMessage) => {
  if (message.kind === 'end') running.get(message.cell)?.abort();
  else begin(message.order);
});
// Ctrl-C reaches the whole group: the runner decides when it ends.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
// Whoever needs longer to load begins no later for it.
process.send?.('ready');

function begin(order: PeerOrder): void {
  const over = new AbortController();
  setMaxListeners(0, over.signal); // every worker that rests listens
  running.set(order.cell, over);
  const agent = new Agent({ connections: order.concurrency });
  peer({ ...order, call: caller(agent, order), signal: over.signal })
    .catch((error: unknown) => process.stderr.write(`${name}, ${order.cell}: ${String(error)}\n`))
    .finally(() => {
      running.delete(order.cell);
      void agent.destroy();
    });
}

function caller(agent: Agent, { url, items }: PeerOrder): () => Promise<Outcome> {
  let next = 0;
  return async () => {
    next = (next % items) + 1;
    try {
      const answer = await agent.request({ origin: url, path: `/items/${next}`, method: 'GET' });
      await answer.body.dump();
      return outcomeOf({ status: answer.statusCode, field: (field) => single(answer.headers, field) }, Date.now());
    } catch {
      return { kind: 'answered' };
    }
  };
}

function single(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
