import { expect, it } from 'vitest';
import { appended, observed } from './change-history.js';
import { estimateChangeRate } from './change-rate.js';
import { planAtOnce, type RateForecast } from './planner.js';
import { logNormalRates, zipfOf } from './planner-population.js';
import { PlannerSheetMaker } from './planner-sheet.js';
import { valueOf } from './value.js';

const RESOURCES = 300;
const CALLS_PER_SECOND = 1;
/** Twenty fetches of each resource, and as long again to see what comes of it. */
const LEARNING_S = (20 * RESOURCES) / CALLS_PER_SECOND;
const END_S = 2 * LEARNING_S;
const WEEK_MS = 7 * 86_400_000;
const PRIOR_PER_SECOND = 1 / 600;
const ASKED = zipfOf(RESOURCES);

/** The same numbers in every run. */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

interface Known {
  readonly rate: number;
  history: Uint8Array;
  perSecond: number;
  spread: number;
  lastS: number;
}

/** What a refresh at `nowS` shows, and what is then thought of how often it changes. */
function look(one: Known, nowS: number, chance: () => number): void {
  const changed = chance() < -Math.expm1(-one.rate * (nowS - one.lastS));
  const seen = observed({ intervalMs: 1000 * (nowS - one.lastS), changed, unchangedForMs: null }, WEEK_MS);
  one.history = appended(one.history, seen, WEEK_MS);
  Object.assign(one, estimateChangeRate(one.history, PRIOR_PER_SECOND), { lastS: nowS });
}

/** Seconds between two moments for which a copy of that age can be expected to be as the upstream has it. */
function freshS({ rate, lastS }: Known, fromS: number, toS: number): number {
  return (Math.exp(-rate * (fromS - lastS)) - Math.exp(-rate * (toS - lastS))) / rate;
}

function forecastOf(all: readonly Known[]): RateForecast {
  const maker = new PlannerSheetMaker(PRIOR_PER_SECOND);
  for (const [i, { perSecond, spread }] of all.entries()) {
    maker.add({
      ...{ changesPerSecond: perSecond, rateError: spread, isOfItsKind: false, reads: 1e6 * (ASKED[i] ?? 0) },
      ...{ weight: 1, cost: 1, maxAgeS: Infinity, isFloor: false, bucket: 0 },
    });
  }
  const question = { rates: [CALLS_PER_SECOND], spend: 'all', buckets: [], freshness: [] } as const;
  const [forecast] = planAtOnce(maker.make(), question).rates;
  if (forecast === undefined) throw new Error('expected a forecast');
  return forecast;
}

function mostWorth(all: readonly Known[], nowS: number): Known {
  const values = all.map((one, i) => {
    return valueOf({ weight: ASKED[i] ?? 0, cost: 1, changeRate: one.perSecond }, nowS - one.lastS);
  });
  const first = all[values.indexOf(Math.max(...values))];
  if (first === undefined) throw new Error('expected some resources');
  return first;
}

/** Always the one that is worth most by what is known, and learning goes on. */
function greedyRun(seed: number): { forecast: RateForecast; ran: number } {
  const chance = chanceOf(1_000 + seed);
  const rates = logNormalRates({ resources: RESOURCES, everyS: 600, spread: 1.5, seed });
  const all = Array.from(rates, (rate): Known => {
    return { rate, history: new Uint8Array(0), perSecond: PRIOR_PER_SECOND, spread: 1.5, lastS: 0 };
  });
  let forecast: RateForecast | undefined;
  let fresh = 0;
  for (let nowS = 1; nowS <= END_S; nowS += 1) {
    if (nowS > LEARNING_S) {
      forecast ??= forecastOf(all);
      for (const [i, one] of all.entries()) fresh += (ASKED[i] ?? 0) * freshS(one, nowS - 1, nowS);
    }
    look(mostWorth(all, nowS), nowS, chance);
  }
  if (forecast === undefined) throw new Error('expected a forecast');
  return { forecast, ran: fresh / (END_S - LEARNING_S) };
}

it.each([1, 2, 3])(
  'a forecast by what was learned is within two points of what the run then gives (seed %d)',
  (seed) => {
    const { forecast, ran } = greedyRun(seed);
    expect(Math.abs(forecast.freshness.value - ran)).toBeLessThan(0.02);
    expect(forecast.freshness.low).toBeLessThan(ran);
    expect(forecast.freshness.high).toBeGreaterThan(ran);
  },
);
