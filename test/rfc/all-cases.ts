import type { RfcCase } from './case.js';
import { cases as storing } from './cases/storing.js';

/** Every file of cases/, by its name. */
export const CASES: Readonly<Record<string, readonly RfcCase[]>> = { storing };

export const allCases: readonly RfcCase[] = Object.values(CASES).flat();
