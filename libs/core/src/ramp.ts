export const RAMP_MS = 10_000;
const RAMP_FROM = 0.7;
/** Where a climb ends and an unknown ceiling is held below. */
export const HOLD_AT = 0.9;

/** The share of the known ceiling that is permitted this long after the probe was answered. */
export function rampShare(sinceMs: number): number {
  return Math.min(HOLD_AT, RAMP_FROM + ((HOLD_AT - RAMP_FROM) * Math.max(0, sinceMs)) / RAMP_MS);
}

/** The ramp to a level that was learned: from that part of it, within so long. */
export interface LevelRamp {
  readonly from: number;
  readonly ms: number;
}

export const FULL_RAMP: LevelRamp = { from: 0.78, ms: RAMP_MS };
/** A level that is known from before is gone on at sooner. */
export const KNOWN_RAMP: LevelRamp = { from: 0.9, ms: 3_000 };
/** A throttle within the ramp: a long window may be full of what went before, so the next ramp begins lower. */
const LOWER_AGAIN = 0.4;
const MOST_LOWER = 3;

/** `early`: throttles in a row that came within the ramp. */
export function climbedShare(ramp: LevelRamp, sinceMs: number, early: number): number {
  const from = ramp.from * LOWER_AGAIN ** Math.min(MOST_LOWER, early);
  return Math.min(1, from + ((1 - from) * Math.max(0, sinceMs)) / ramp.ms);
}
