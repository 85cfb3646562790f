export const RAMP_MS = 10_000;
const RAMP_FROM = 0.7;
/** Where a climb ends and an unknown ceiling is held below. */
export const HOLD_AT = 0.9;

/** The share of the known ceiling that is permitted this long after the probe was answered. */
export function rampShare(sinceMs: number): number {
  return Math.min(HOLD_AT, RAMP_FROM + ((HOLD_AT - RAMP_FROM) * Math.max(0, sinceMs)) / RAMP_MS);
}
