import { barsOf, BUSY_LIMIT } from './bars.js';
import type { CellOutcome, HeatOutcome } from './run.js';

const COLUMNS = [
  'system',
  'quota used',
  'throttles /10k',
  'violations',
  'to 90 %',
  'calls',
  'pauses',
  'rounds: quota used',
];

/** A table for each row and mode, with what was missed below it. */
export function boardOf(heats: readonly HeatOutcome[]): string {
  return heats.map(heatText).join('\n');
}

function heatText(outcome: HeatOutcome): string {
  const { heat, cells, busyShare } = outcome;
  const rows = cells.map(({ cell, outcome: one }) => [cell.system, ...columnsOf(one)]);
  const missed = barsOf(outcome).filter(({ met }) => !met);
  const isVoid = busyShare !== null && busyShare > BUSY_LIMIT;
  return [
    `${heat.row.name}, limits ${heat.mode}: ${heat.row.title}; ${heat.measuredMs / 1000} s${isVoid ? '; VOID, the machine was too busy' : ''}`,
    ...tableOf([COLUMNS, ...rows]),
    `  machine ${busyShare === null ? 'not looked at' : `${percent(busyShare)} busy`}; ${
      missed.length === 0 ? 'all bars met' : `missed: ${missed.map(({ text }) => text).join('; ')}`
    }`,
    '',
  ].join('\n');
}

function columnsOf(outcome: CellOutcome): string[] {
  if (outcome.kind === 'not available') return [`not available: ${outcome.reason}`];
  const { share, throttlesPer10k, violations, recoveryMs, calls, pauses, rounds } = outcome.tally;
  return [
    percent(share),
    throttlesPer10k.toFixed(1),
    String(violations),
    recoveryText(recoveryMs),
    String(calls),
    String(pauses),
    rounds.map((round) => percent(round.share)).join(' '),
  ];
}

function recoveryText(recoveryMs: number | null): string {
  if (recoveryMs === null) return '-';
  return recoveryMs === Infinity ? 'never' : `${(recoveryMs / 1000).toFixed(1)} s`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function tableOf(rows: readonly string[][]): string[] {
  const widths = COLUMNS.map((_, i) =>
    Math.max(...rows.filter((row) => row.length > 2 || i === 0).map((row) => row[i]?.length ?? 0)),
  );
  return rows.map((row) => `  ${row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
}
