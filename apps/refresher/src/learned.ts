import type { PriorRates } from '#core';
import type { Envelope, LearnedStats } from '#contracts';
import type { ReadStat } from '#store';

/** Well below what the bus takes in one message. */
const KEYS_A_MESSAGE = 2_000;

export interface Learned extends ReadStat {
  readonly upstream: string;
}

/** What is told of these keys: of each upstream by itself, in messages of a bounded size. */
export function* learnedOf(stats: readonly Learned[], nowMs: number, envelope: () => Envelope): Iterable<LearnedStats> {
  for (const [upstream, some] of byUpstream(stats))
    for (let from = 0; from < some.length; from += KEYS_A_MESSAGE)
      yield messageOf(envelope(), { upstream, stats: some.slice(from, from + KEYS_A_MESSAGE), nowMs });
}

export function priorsTold(envelope: Envelope, upstream: string, priors: PriorRates, nowMs: number): LearnedStats {
  return { ...messageOf(envelope, { upstream, stats: [], nowMs }), priors };
}

function messageOf(
  envelope: Envelope,
  { upstream, stats, nowMs }: { upstream: string; stats: readonly ReadStat[]; nowMs: number },
): LearnedStats {
  return {
    ...envelope,
    upstream,
    keys: stats.map(({ key }) => key),
    changeRates: stats.map(({ changeRate }) => changeRate),
    reads: stats.map(({ reads }) => reads),
    readsAt: nowMs,
    costs: stats.map(({ cost }) => cost),
  };
}

function byUpstream(stats: readonly Learned[]): Map<string, Learned[]> {
  const parted = new Map<string, Learned[]>();
  for (const stat of stats) {
    const others = parted.get(stat.upstream);
    if (others === undefined) parted.set(stat.upstream, [stat]);
    else others.push(stat);
  }
  return parted;
}
