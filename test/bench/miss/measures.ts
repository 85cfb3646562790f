import { spreadOf } from '../story/percentiles.js';
import type { LoadTimes } from './users.js';

/** What a miss took beyond the upstream's own time. NaN where nothing was measured. */
export interface Added {
  calls: number;
  failed: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** p50 and p99 of each round: how far chance goes. */
  rounds: { p50Ms: number; p99Ms: number }[];
}

export function addedOf(rounds: readonly LoadTimes[]): Added {
  const all = spreadOf(rounds.flatMap(({ addedMs }) => addedMs));
  return {
    calls: all.count,
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    ...quantilesOf(all),
    maxMs: all.max ?? NaN,
    rounds: rounds.map(({ addedMs }) => quantilesOf(spreadOf(addedMs))),
  };
}

function quantilesOf({ p50, p99 }: { p50: number | null; p99: number | null }): { p50Ms: number; p99Ms: number } {
  return { p50Ms: p50 ?? NaN, p99Ms: p99 ?? NaN };
}

export const MOST_TIMES_THE_CHAIN = 1.5;

export interface Bar {
  text: string;
  met: boolean;
}

/** NaN meets nothing. */
export function missBars(perSecond: number, penstock: Added, chain: Added, upstreamCalls: number): Bar[] {
  const within = (of: 'p50Ms' | 'p99Ms'): boolean => penstock[of] / chain[of] <= MOST_TIMES_THE_CHAIN;
  const asked = penstock.calls + penstock.failed;
  return [
    { text: `${perSecond}/s: p50 at most ${MOST_TIMES_THE_CHAIN} times the bare chain's`, met: within('p50Ms') },
    { text: `${perSecond}/s: p99 at most ${MOST_TIMES_THE_CHAIN} times the bare chain's`, met: within('p99Ms') },
    {
      text: `${perSecond}/s: each of ${asked} keys asked for once of the upstream, and answered`,
      met: asked > 0 && upstreamCalls === asked && penstock.failed === 0,
    },
  ];
}

export interface Herd {
  allMs: number;
  failed: number;
  /** How many different answers were given. */
  bodies: number;
  upstreamCalls: number;
}

export function herdBar(clients: number, herds: readonly Herd[]): Bar {
  return {
    text: `${clients} clients of one cold key at two replicas make one upstream call, and all get its answer`,
    met: herds.length > 0 && herds.every((herd) => herd.upstreamCalls === 1 && herd.bodies === 1 && herd.failed === 0),
  };
}
