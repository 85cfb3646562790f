import { describe, expect, it } from 'vitest';
import { heatsOf } from './cells.js';
import { beatMs, MODES, quotaOf, ROWS } from './rows.js';
import { SYSTEMS } from './systems.js';

const heats = heatsOf({ rows: ROWS, modes: MODES, systems: SYSTEMS, quick: false });

describe('the cells of the throttle bench', () => {
  it('every system meets every upstream in both modes, each under an id of its own', () => {
    const ids = heats.flatMap(({ cells }) => cells.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ROWS.length * MODES.length * SYSTEMS.length);
    expect(ids.every((id) => /^[a-z0-9-]{1,32}$/.test(id))).toBe(true);
  });

  it('measured time is whole beats, and lets in at least 10,000 calls', () => {
    for (const { row, measuredMs } of heats) {
      expect(measuredMs % beatMs(row)).toBe(0);
      expect(quotaOf(row, measuredMs)).toBeGreaterThanOrEqual(10_000);
    }
  });

  it('a limit that halves for half of the time lets in three quarters', () => {
    const changing = heats.find(({ row }) => row.name === 'changing')?.row;
    expect(changing && quotaOf(changing, 40_000)).toBe(3_000);
  });
});
