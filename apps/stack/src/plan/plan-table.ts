import { sayDuration, sayNumber, sayShare } from '#core';
import type { RateForecast } from '#core';
import type { PlanForecast } from '#contracts';

type Cell = (rate: RateForecast) => string;

const age = (ageMs: number | null): string => (ageMs === null ? 'unbounded' : sayDuration(ageMs));
const share = (value: number | null): string => (value === null ? '-' : sayShare(value));

/** Where rates are assumed nothing is uncertain about them. */
const INTERVAL = '90 % within';

const COLUMNS: readonly (readonly [title: string, cell: Cell])[] = [
  ['calls/s', (rate) => sayNumber(rate.callsPerSecond)],
  ['spent', (rate) => sayNumber(rate.spentPerSecond)],
  ['fresh', (rate) => sayShare(rate.freshness.value)],
  [INTERVAL, (rate) => `${sayShare(rate.freshness.low)} .. ${sayShare(rate.freshness.high)}`],
  ['age p50', (rate) => age(rate.served.p50Ms)],
  ['age p95', (rate) => age(rate.served.p95Ms)],
  ['in target', (rate) => share(rate.served.withinTarget)],
  ['refreshed', (rate) => sayNumber(rate.kept)],
  ['next call', (rate) => `${sayNumber(100 * rate.nextCall)} points`],
  ['round robin', (rate) => sayShare(rate.roundRobin.freshness.value)],
  ['it needs', (rate) => needed(rate.roundRobin.callsPerSecondForSame)],
];

function needed(callsPerSecond: number | null): string {
  return callsPerSecond === null ? 'no rate' : `${sayNumber(callsPerSecond)} calls/s`;
}

/** For a person: a row for each rate, then the same in sentences. */
export function planText(title: string, { rates, says }: PlanForecast): string {
  const table = rates.length === 0 ? [] : [...tableOf(rates), ''];
  return [title, '', ...table, ...says, ''].join('\n');
}

function tableOf(rates: readonly RateForecast[]): string[] {
  const isCertain = rates.every(({ freshness }) => freshness.low === freshness.high);
  const columns = COLUMNS.filter(([name]) => name !== INTERVAL || !isCertain);
  const rows = [columns.map(([name]) => name), ...rates.map((rate) => columns.map(([, cell]) => cell(rate)))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  '));
}
