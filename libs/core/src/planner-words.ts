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
  return [
    ...summaryOf(answer.rates),
    ...answer.rates.map((rate) => forecastSentence(rate, answer.resources)),
    ...targetSentences(answer, spend),
    ...floorSentences(answer),
    ...freshnessSentences(answer),
    ...knownSentences(answer),
  ];
}

/** "at 20 / 50 / 100 calls/s you get freshness a / b / c". */
function summaryOf(rates: readonly RateForecast[]): string[] {
  if (rates.length < 2) return [];
  const calls = rates.map(({ callsPerSecond }) => sayNumber(callsPerSecond)).join(' / ');
  const fresh = rates.map(({ freshness }) => sayShare(freshness.value)).join(' / ');
  const p50 = rates.map(({ served }) => sayAge(served.p50Ms)).join(' / ');
  const p95 = rates.map(({ served }) => sayAge(served.p95Ms)).join(' / ');
  return [`At ${calls} calls/s, ${fresh} of what is served is fresh; its age is at p50 ${p50}, at p95 ${p95}.`];
}

function sayAge(ageMs: number | null): string {
  return ageMs === null ? 'without bound' : sayDuration(ageMs);
}

function forecastSentence(rate: RateForecast, resources: number): string {
  const { freshness, roundRobin, callsPerSecond } = rate;
  const between = `${sayShare(freshness.low)} to ${sayShare(freshness.high)} with 90 % confidence`;
  return [
    `At ${sayNumber(callsPerSecond)} calls/s: ${sayShare(freshness.value)} fresh (${between}), age p50 ${sayAge(rate.served.p50Ms)}, p95 ${sayAge(rate.served.p95Ms)}`,
    spentClause(rate),
    keptClause(rate, resources),
    nextClause(rate),
    `round robin gives ${sayShare(roundRobin.freshness.value)} of as many calls${sameClause(rate)}.`,
  ]
    .filter((clause) => clause !== '')
    .join('; ');
}

function spentClause({ policy, spentPerSecond }: RateForecast): string {
  if (policy === 'by-value') return '';
  if (policy === 'targets-then-value') return 'every maxAge is kept, and the rest goes where it is worth most';
  return `every maxAge is kept, which takes ${sayNumber(spentPerSecond)} calls/s, and no more is spent`;
}

function keptClause({ kept, readsOfNotKept }: RateForecast, resources: number): string {
  const left = Math.round(resources - kept);
  if (left <= 0) return '';
  return `${sayNumber(kept)} of ${sayNumber(resources)} are refreshed, the other ${sayNumber(left)} (${sayShare(readsOfNotKept)} of the reads) are not, and their age grows without bound`;
}

function nextClause({ policy, nextCall }: RateForecast): string {
  if (policy === 'targets') return '';
  const points = sayNumber(100 * nextCall);
  return `one call/s more adds ${points} points of freshness (${sayNumber(1000 * nextCall)} of 1,000 reads)`;
}

function sameClause({ roundRobin, spentPerSecond }: RateForecast): string {
  const needed = roundRobin.callsPerSecondForSame;
  if (needed === null) return ', and no rate would give it the same';
  const times = needed / spentPerSecond;
  return `, and would need ${sayNumber(needed)} calls/s for the same (${sayNumber(times)} times as many)`;
}

function targetSentences({ targets }: PlannerAnswer, spend: 'target' | 'all'): string[] {
  if (targets.resources === 0)
    return [
      spend === 'all'
        ? 'Nothing has a maxAge: calls go where they are worth most.'
        : 'Nothing has a maxAge, and with spend: target nothing is then refreshed in the background: set refresh.maxAge, or spend: all.',
    ];
  const what = targets.maxAgeMs === null ? 'Their own maxAge' : `A ${sayDuration(targets.maxAgeMs)} target`;
  const needs = `${what} for all ${sayNumber(targets.resources)} needs ${sayNumber(targets.callsPerSecond)} calls/s`;
  const above =
    spend === 'all' ? 'what is left beyond that is spent by value too' : 'beyond that nothing more is spent';
  return [`${needs}; with less, calls go where they are worth most and not every maxAge is kept; ${above}.`];
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
  const needed = ratesFor.map(
    ({ freshness, callsPerSecond }) => `${sayShare(freshness)} needs ${sayNumber(callsPerSecond)} calls/s`,
  );
  return [`Of what is served fresh, spent by value: ${needed.join(', ')}.`];
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
