import { describe, expect, it } from 'vitest';
import { appended, observed } from './change-history.js';
import { estimateChangeRate } from './change-rate.js';
import { valueOf } from './value.js';

/*
 * Resources with rates of change that are log-normal (median one in ten minutes, σ 1.5) and a demand by Zipf's law, refreshed by value under
 * a budget: once by their true rates, once by what is learned of them on the way, from nothing. What they see is random; how fresh they are
 * is computed from the true rates.
 */

const RESOURCES = 400;
const SPREAD = 1.5;
const MEDIAN_PER_SECOND = 1 / 600;
const FORGET_MS = 7 * 86_400_000;

/** mulberry32: the same numbers in every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Resource {
  readonly weight: number;
  readonly truth: number;
  fetchedAt: number;
  history: Uint8Array;
  learned: { perSecond: number } | undefined;
}

function resources(random: () => number): Resource[] {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: RESOURCES }, (_, i) => ({
    weight: 1 / (i + 1),
    truth: MEDIAN_PER_SECOND * Math.exp(SPREAD * normal()),
    fetchedAt: -Infinity,
    history: new Uint8Array(0),
    learned: undefined,
  }));
}

/** Geometric, as the store has it. */
function meanRateOf(all: readonly Resource[]): number | undefined {
  const logs = all.flatMap(({ learned }) => (learned === undefined ? [] : [Math.log(learned.perSecond)]));
  return logs.length < 3 ? undefined : Math.exp(meanOf(logs));
}

function look(resource: Resource, nowS: number, prior: number | undefined, random: () => number): void {
  const intervalS = nowS - resource.fetchedAt;
  resource.fetchedAt = nowS;
  if (intervalS === Infinity) return;
  const changed = random() < 1 - Math.exp(-resource.truth * intervalS);
  const seen = observed({ intervalMs: intervalS * 1_000, changed, unchangedForMs: null }, FORGET_MS);
  resource.history = appended(resource.history, seen, FORGET_MS);
  resource.learned = estimateChangeRate(resource.history, prior);
}

/** Demand-weighted freshness in each sweep of as many calls as there are resources. */
function freshnessBySweep(callsPerSecond: number, sweeps: number, by: 'truth' | 'learned'): number[] {
  const random = sequence(1);
  const all = resources(random);
  const demand = all.reduce((sum, { weight }) => sum + weight, 0);
  let prior: number | undefined;
  const rateOf = ({ truth, learned }: Resource): number => {
    if (by === 'truth') return truth;
    return learned === undefined ? (prior ?? MEDIAN_PER_SECOND) : learned.perSecond;
  };
  const rates = Float64Array.from(all, rateOf);
  return Array.from({ length: sweeps }, (_, sweep) => {
    let sum = 0;
    for (let call = 0; call < RESOURCES; call += 1) {
      const nowS = (sweep * RESOURCES + call) / callsPerSecond;
      if (call % 40 === 0) {
        prior = meanRateOf(all);
        all.forEach((resource, i) => (rates[i] = rateOf(resource)));
      }
      const best = mostWorth(all, rates, nowS);
      look(best.resource, nowS, prior, random);
      rates[best.at] = rateOf(best.resource);
      if (call % 10 === 0) sum += all.reduce((fresh, one) => fresh + one.weight * freshnessOf(one, nowS), 0);
    }
    return (10 * sum) / RESOURCES / demand;
  });
}

function mostWorth(all: readonly Resource[], rates: Float64Array, nowS: number): { resource: Resource; at: number } {
  let [at, most] = [0, -1];
  all.forEach(({ weight, fetchedAt }, i) => {
    const value = valueOf({ weight, cost: 1, changeRate: rates[i] ?? 0 }, nowS - fetchedAt);
    if (value > most) [at, most] = [i, value];
  });
  const resource = all[at];
  if (resource === undefined) throw new Error('expected a resource');
  return { resource, at };
}

function freshnessOf({ truth, fetchedAt }: Resource, nowS: number): number {
  return fetchedAt === -Infinity ? 0 : Math.exp(-truth * (nowS - fetchedAt));
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each([
  ['5', 5],
  ['20', 20],
  ['100', 100],
])('at %s calls a second for 6,000 resources', (_, of6000) => {
  const SWEEPS = 24;
  /** At the smallest budget more than half are kept: these have been fetched 20 times by then. */
  const FETCHES_20 = 12;
  const callsPerSecond = (of6000 * RESOURCES) / 6_000;

  it('what is learned on the way keeps 0.9 of what the truth would after the second sweep, 0.97 after twenty', () => {
    const best = meanOf(freshnessBySweep(callsPerSecond, SWEEPS, 'truth').slice(12));
    const learned = freshnessBySweep(callsPerSecond, SWEEPS, 'learned');
    expect((learned[2] ?? 0) / best).toBeGreaterThan(0.9);
    expect(meanOf(learned.slice(FETCHES_20)) / best).toBeGreaterThan(0.97);
  });
});
