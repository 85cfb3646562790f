import { beatMs, rowOf, type Mode, type Row, type RowName } from './rows.js';
import type { SystemName } from './systems.js';

/** One system against one upstream of its own. */
export interface Cell {
  /** Also the id of the upstream in Penstock's configuration. */
  id: string;
  row: Row;
  mode: Mode;
  system: SystemName;
}

/** All systems against one kind of upstream: they are measured at the same time. */
export interface Heat {
  row: Row;
  mode: Mode;
  cells: Cell[];
  measuredMs: number;
  /** Learned rows: until the third pause is over, or this long. */
  warmUpMs: number;
}

const QUICK_SHARE = 0.1;
const WARM_UP_MS = { configured: 5_000, learned: 90_000 };
const LEAST_BEATS = 3;

export function heatsOf(of: {
  rows: readonly RowName[];
  modes: readonly Mode[];
  systems: readonly SystemName[];
  quick: boolean;
}): Heat[] {
  const share = of.quick ? QUICK_SHARE : 1;
  return of.rows.map(rowOf).flatMap((row) =>
    of.modes.map((mode) => ({
      row,
      mode,
      cells: of.systems.map((system) => ({ id: idOf(row.name, mode, system), row, mode, system })),
      measuredMs: wholeBeats(row, row.measuredMs * share),
      // A ban must be lived through three times to be learned from.
      warmUpMs: WARM_UP_MS[mode] * share * (row.name === 'ban' && mode === 'learned' ? 2 : 1),
    })),
  );
}

function wholeBeats(row: Row, ms: number): number {
  return Math.max(LEAST_BEATS, Math.ceil(ms / beatMs(row))) * beatMs(row);
}

/** At most 32 characters: an id of an upstream. */
function idOf(row: RowName, mode: Mode, system: SystemName): string {
  return `${row}-${mode.slice(0, 1)}-${system}`.slice(0, 32);
}
