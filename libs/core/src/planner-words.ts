import type { TightestWindow } from './planner-limits.js';
import type { PlannerAnswer, RateForecast } from './planner.js';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** As one says it: 90000 → `1.5 min`, 450 → `450 ms`. */
export function sayDuration(durationMs: number): string {
  const [unit, sizeMs] = UNITS.find(([, size]) => durationMs >= size) ?? ['ms', 1];
  return `${sayNumber(durationMs / sizeMs)} ${unit}`;
}

/** With two figures or three, as far as they say something: 5308 → `5,308`, 20.04 → `20`, 0.0123 → `0.012`. */
export function sayNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  if (value >= 10) return String(Number(value.toFixed(1)));
  return String(Number(value.toPrecision(2)));
}

/** 0.8864 → `88.6 %`. */
export function sayShare(share: number): string {
  const percent = 100 * share;
  return `${percent > 0 && percent < 0.1 ? '< 0.1' : percent.toFixed(1)} %`;
}

/** What a plan comes to, in sentences for someone who has to decide about a quota. */
export function planSentences(answer: PlannerAnswer, spend: 'target' | 'all'): string[] {
  if (answer.resources === 0) return ['No resource is planned: register some, or set refresh.maxAge.'];
  const { rates } = answer;
  return [
    ...(rates.length === 0 ? [] : [summary(rates), roundRobin(rates)]),
    ...nextCalls(rates),
    ...notRefreshed(answer),
    ...keptTargets(rates),
    ...targetSentences(answer, spend),
    ...floorSentences(answer),
    ...freshnessSentences(answer),
    ...knownSentences(answer),
  ];
}

/** "20 / 50 / 100". */
function each(rates: readonly RateForecast[], say: (rate: RateForecast) => string): string {
  return rates.map(say).join(' / ');
}

function atRates(rates: readonly RateForecast[]): string {
  return `At ${each(rates, ({ callsPerSecond }) => sayNumber(callsPerSecond))} calls/s`;
}

function summary(rates: readonly RateForecast[]): string {
  const fresh = each(rates, ({ freshness }) => sayShare(freshness.value));
  const isCertain = rates.every(({ freshness }) => freshness.high === freshness.low);
  const between = each(rates, ({ freshness }) => `${sayShare(freshness.low)} to ${sayShare(freshness.high)}`);
  const confidence = isCertain ? '' : ` (${between} with 90 % confidence)`;
  const p50 = each(rates, ({ served }) => sayAge(served.p50Ms));
  const p95 = each(rates, ({ served }) => sayAge(served.p95Ms));
  return `${atRates(rates)}, ${fresh} of what is served is fresh${confidence}; its age is ${p50} at p50 and ${p95} at p95.`;
}

function sayAge(ageMs: number | null): string {
  return ageMs === null ? 'without bound' : sayDuration(ageMs);
}

function roundRobin(rates: readonly RateForecast[]): string {
  const gives = each(rates, (rate) => sayShare(rate.roundRobin.freshness.value));
  const needs = each(rates, ({ roundRobin: { callsPerSecondForSame: calls } }) =>
    calls === null ? 'without end' : sayNumber(calls),
  );
  return `Round robin gives ${gives} for as many calls, and needs ${needs} calls/s for the same.`;
}

function nextCalls(rates: readonly RateForecast[]): string[] {
  const spending = rates.filter(({ policy }) => policy !== 'targets');
  if (spending.length === 0) return [];
  const points = each(spending, ({ nextCall }) => sayNumber(100 * nextCall));
  const reads = each(spending, ({ nextCall }) => sayNumber(1000 * nextCall));
  return [`${atRates(spending)}, one call/s more adds ${points} points of freshness: ${reads} of 1,000 reads.`];
}

function notRefreshed({ rates, resources }: PlannerAnswer): string[] {
  const all = rates.filter(({ kept }) => Math.round(resources - kept) > 0);
  const leaving = all.filter(({ policy }) => policy !== 'targets');
  if (leaving.length === 0) return all.slice(0, 1).map((rate) => withoutTarget(rate, resources));
  const left = each(leaving, ({ kept }) => sayNumber(Math.round(resources - kept)));
  const reads = each(leaving, ({ readsOfNotKept }) => sayShare(readsOfNotKept));
  return [
    `${atRates(leaving)}, ${left} of ${sayNumber(resources)} (${reads} of the reads) are not worth refreshing in the background: their age grows without bound.`,
  ];
}

function withoutTarget({ kept, readsOfNotKept }: RateForecast, resources: number): string {
  const left = `${sayNumber(Math.round(resources - kept))} of ${sayNumber(resources)} (${sayShare(readsOfNotKept)} of the reads)`;
  return `${left} have no maxAge, and are not refreshed in the background while the targets of the others are kept.`;
}

function keptTargets(rates: readonly RateForecast[]): string[] {
  return rates.flatMap(({ policy, callsPerSecond, spentPerSecond }) => {
    const keeps = `At ${sayNumber(callsPerSecond)} calls/s every maxAge is kept`;
    if (policy === 'targets') return [`${keeps}, which takes ${sayNumber(spentPerSecond)}, and no more is spent.`];
    return policy === 'targets-then-value' ? [`${keeps}, and the rest goes where it is worth most.`] : [];
  });
}

function targetSentences({ targets }: PlannerAnswer, spend: 'target' | 'all'): string[] {
  if (targets.resources === 0)
    return [
      spend === 'all'
        ? 'Nothing has a maxAge: calls go where they are worth most.'
        : 'Nothing has a maxAge, and with spend: target nothing is then refreshed in the background: set refresh.maxAge, or spend: all.',
    ];
  const what = targets.maxAgeMs === null ? 'Their own maxAge' : `A ${sayDuration(targets.maxAgeMs)} target`;
  return [
    `${what} for all ${sayNumber(targets.resources)} needs ${sayNumber(targets.callsPerSecond)} calls/s; with less, calls go where they are worth most.`,
  ];
}

function floorSentences({ targets: { floors }, rates }: PlannerAnswer): string[] {
  if (floors.resources === 0) return [];
  const kept = `${sayNumber(floors.resources)} resources have a maxAge of their own, which stands above value and asks for ${sayNumber(floors.callsPerSecond)} calls/s.`;
  const cut = rates
    .filter(({ floorShare }) => floorShare < 1)
    .map(
      ({ callsPerSecond, floorShare }) =>
        `At ${sayNumber(callsPerSecond)} calls/s that is more than half the budget, which is the most they get: their intervals are ${sayNumber(1 / floorShare)} times as long.`,
    );
  return [kept, ...cut];
}

function freshnessSentences({ ratesFor }: PlannerAnswer): string[] {
  if (ratesFor.length === 0) return [];
  const wanted = ratesFor.map(({ freshness }) => sayShare(freshness)).join(' / ');
  const needed = ratesFor.map(({ callsPerSecond }) => sayNumber(callsPerSecond)).join(' / ');
  return [`For ${wanted} fresh, ${needed} calls/s are needed where they are worth most (spend: all).`];
}

function knownSentences({ known, resources }: PlannerAnswer): string[] {
  if (known.seen === resources) return [];
  const parts = [
    known.ofTheirKind > 0 ? `${sayNumber(known.ofTheirKind)} are taken from others of their kind` : '',
    known.assumed > 0 ? `${sayNumber(known.assumed)} are assumed, since nothing of the kind was seen yet` : '',
  ].filter((part) => part !== '');
  return [`Of the rates of change ${sayNumber(known.seen)} were seen, ${parts.join(', ')}.`];
}

/** Which limit holds the upstream back, and what raising it can give. */
export function raiseSentence(tightest: TightestWindow): string {
  const { scope, limit, perMs, backgroundPerSecond, nextPerSecond } = tightest;
  const which = scope === 'upstream' ? '' : ` of ${scope}`;
  const next =
    nextPerSecond === null ? 'it is the only one' : `the next one would hold at ${sayNumber(nextPerSecond)} calls/s`;
  return `To have more, ask the vendor to raise the limit${which} of ${sayNumber(limit)} per ${sayDuration(perMs)}: after the reserve it leaves ${sayNumber(backgroundPerSecond)} calls/s; ${next}.`;
}
