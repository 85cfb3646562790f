import { barsOf, BUSY_LIMIT, heldBy, percent, ratioOf } from './bars.js';
import type { CellOutcome, WorldFigures } from './figures.js';
import { SYSTEMS, type SystemName } from './systems.js';

/** A table for each cell, with what was missed below it. */
export function tableOf(cells: readonly CellOutcome[]): string {
  return cells.map(cellText).join('\n');
}

function cellText(outcome: CellOutcome): string {
  const { cell, worlds, busyShare, cpuMicros } = outcome;
  const isVoid = busyShare !== null && busyShare > BUSY_LIMIT;
  const bars = barsOf(outcome).map(({ text, found, met }) => `  ${met ? 'met   ' : 'missed'} ${text}: ${found}`);
  const cpu = Object.values(cpuMicros).reduce((sum, micros) => sum + micros, 0);
  return [
    `${cell.name}: ${resourcesOf(worlds)}${cell.places[0]?.world.size ?? 0} resources, ${cell.rate} calls/s for 6,000, time ×${cell.timeScale}${isVoid ? '; VOID, the machine was too busy' : ''}`,
    ...(cell.kind === 'target' ? [] : rowsOf(worlds)),
    ...bars,
    `  machine ${busyShare === null ? 'not looked at' : `${percent(busyShare)} busy`}; CPU ${Math.round(cpu)} µs a call, readers included`,
    '',
  ].join('\n');
}

function resourcesOf({ length }: readonly WorldFigures[]): string {
  return length > 1 ? `${length} times ` : '';
}

function rowsOf(worlds: readonly WorldFigures[]): string[] {
  const known = SYSTEMS.filter((system) => worlds.some(({ systems }) => systems[system] !== undefined));
  const served = worlds.map((world) => world.served.freshness);
  const ratios = worlds.map(ratioOf);
  const ofOwnCalls = worlds.map((world) => world.served.freshness / world.optimumOfOwnCalls);
  return aligned([
    ['system', 'fresh', 'seeds', 'calls/s', 'refused'],
    ['penstock, as served', ...ofSeeds(served), '', ''],
    ...known.map((system) => systemRow(system, worlds)),
    ['computed optimum', ...ofSeeds(worlds.map(({ optimum }) => optimum)), '', ''],
    ['computed round robin', ...ofSeeds(worlds.map(({ roundRobinComputed }) => roundRobinComputed)), '', ''],
    ['served / optimum', ...ofRatios(ratios), '', ''],
    ['... of its own calls', ...ofRatios(ofOwnCalls), '', ''],
  ]);
}

function systemRow(system: SystemName, worlds: readonly WorldFigures[]): string[] {
  const calls = mean(worlds.map(({ systems }) => systems[system]?.callsPerSecond ?? NaN));
  const refused = worlds.reduce((sum, { systems }) => sum + (systems[system]?.refused ?? 0), 0);
  return [system, ...ofSeeds(worlds.map((world) => heldBy(world, system))), calls.toFixed(1), String(refused)];
}

function ofSeeds(values: readonly number[]): [string, string] {
  return [percent(mean(values)), spread(values.map(percent))];
}

function ofRatios(values: readonly number[]): [string, string] {
  return [mean(values).toFixed(3), spread(values.map((value) => value.toFixed(3)))];
}

function spread(texts: readonly string[]): string {
  return texts.length > 1 ? texts.join(' ') : '';
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function aligned(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
}
