/*
 * What the last refreshes of a resource showed, oldest first: 16 bits each, 16 more where Last-Modified told when it had changed.
 *
 *   bit 15     the body was another one
 *   bit 14     of a changed one: its exposure follows; of an unchanged one: Last-Modified had moved all the same
 *   bits 0-13  the logarithm of the interval: 1 ms to 30 d in steps of 0.13 %; all set: from ever to the first fetch
 */

/** One refresh, compared with the call before. */
export interface ChangeObservation {
  /** Since the call before; null: there was none. */
  readonly intervalMs: number | null;
  /** The body is another one than before; says nothing where there was no call before. */
  readonly changed: boolean;
  /** By the upstream's own clock, from Last-Modified to the answer; null: not said. */
  readonly unchangedForMs: number | null;
}

export const MOST_OBSERVATIONS = 64;
export const LONGEST_INTERVAL_MS = 30 * 86_400_000;

const CHANGED = 0x8000;
const FLAGGED = 0x4000;
const SINCE_EVER = 0x3fff;
const LARGEST_CODE = SINCE_EVER - 1;
const STEP = Math.log(LONGEST_INTERVAL_MS) / LARGEST_CODE;
const INTERVAL_MS = Float64Array.from({ length: LARGEST_CODE + 1 }, (_, code) => Math.exp(code * STEP));

/** HTTP-dates are whole seconds: what is shorter than two of them says no more than that it changed. */
const DATE_GRAIN_MS = 2_000;

const NOTHING = new Uint8Array(0);

/**
 * One observation as a history of its own; empty where it shows nothing. Of a first call Last-Modified alone speaks: an arrival so long
 * ago, or none within `forgetMs`.
 */
export function observed({ intervalMs, changed, unchangedForMs }: ChangeObservation, forgetMs: number): Uint8Array {
  if (intervalMs === null) return unchangedForMs === null ? NOTHING : firstSeen(unchangedForMs, forgetMs);
  const code = codeOf(intervalMs);
  if (!changed) return words(hasMovedAlone(intervalMs, unchangedForMs) ? code | FLAGGED : code);
  if (unchangedForMs === null || !tellsExposure(intervalMs, unchangedForMs)) return words(code | CHANGED);
  return words(code | CHANGED | FLAGGED, codeOf(Math.min(unchangedForMs, intervalMs)));
}

/** The newer behind the older: at most 64, and none that ended more than `forgetMs` before the newest. */
export function appended(older: Uint8Array, newer: Uint8Array, forgetMs: number): Uint8Array {
  if (newer.byteLength === 0) return older;
  const { count, spanMs } = lengthOf(newer);
  const start = startOf(older, { count: MOST_OBSERVATIONS - count, ageMs: forgetMs - spanMs });
  const kept = older.byteLength - start;
  if (kept === 0) return from(newer, startOf(newer, { count: MOST_OBSERVATIONS, ageMs: forgetMs }));
  const whole = new Uint8Array(kept + newer.byteLength);
  whole.set(older.subarray(start), 0);
  whole.set(newer, kept);
  return whole;
}

export function countObservations(history: Uint8Array): number {
  return lengthOf(history).count;
}

/** A history in sums, which is all that its likelihood is made of. */
export interface Tally {
  readonly observations: number;
  /** Changed at some time within their intervals: how many places of `changedS` are filled with those. */
  readonly changed: number;
  /** Changed at a known moment. */
  readonly arrivals: number;
  /** Seconds without a change: whole intervals, and from known moments to their calls. */
  readonly quietS: number;
  /** Seconds of all that counts. */
  readonly totalS: number;
}

/**
 * Once Last-Modified has moved while the body stayed the same it does not speak of the body: then no moment is taken for known, and what
 * was seen by it alone is left out.
 */
export function tallyOf(history: Uint8Array, changedS: Float64Array): Tally {
  const isTrusted = !hasContradiction(history);
  let [observations, changed, arrivals] = [0, 0, 0];
  let [quietS, totalS] = [0, 0];
  for (let at = 0; at < history.byteLength; at += widthAt(history, at)) {
    const word = wordAt(history, at);
    const isKnown = isTrusted && hasExposure(word);
    const code = isKnown ? wordAt(history, at + 2) : word & SINCE_EVER;
    if (code === SINCE_EVER) continue;
    const seconds = intervalOf(code) / 1_000;
    observations += 1;
    totalS += seconds;
    if (isKnown) arrivals += 1;
    if (isKnown || (word & CHANGED) === 0) quietS += seconds;
    else changedS[changed++] = seconds;
  }
  return { observations, changed, arrivals, quietS, totalS };
}

function firstSeen(unchangedForMs: number, forgetMs: number): Uint8Array {
  if (unchangedForMs < DATE_GRAIN_MS) return NOTHING; // a server that says "now" to everyone
  if (unchangedForMs > forgetMs) return words(codeOf(forgetMs));
  return words(SINCE_EVER | CHANGED | FLAGGED, codeOf(unchangedForMs));
}

/** Longer ago than the call before cannot be: then it stood still while the body changed. */
function tellsExposure(intervalMs: number, unchangedForMs: number): boolean {
  const isTold = unchangedForMs >= DATE_GRAIN_MS && unchangedForMs <= intervalMs + DATE_GRAIN_MS;
  return isTold && intervalMs >= 2 * DATE_GRAIN_MS;
}

function hasMovedAlone(intervalMs: number, unchangedForMs: number | null): boolean {
  return unchangedForMs !== null && unchangedForMs < intervalMs - DATE_GRAIN_MS;
}

function hasContradiction(history: Uint8Array): boolean {
  for (let at = 0; at < history.byteLength; at += widthAt(history, at))
    if ((wordAt(history, at) & (CHANGED | FLAGGED)) === FLAGGED) return true;
  return false;
}

function from(history: Uint8Array, start: number): Uint8Array {
  return start === 0 ? history : history.slice(start);
}

interface Room {
  readonly count: number;
  /** For the age of the first that is kept: all intervals but its own. */
  readonly ageMs: number;
}

/** Where the part begins for which there is room; at the end, where there is none. */
function startOf(history: Uint8Array, room: Room): number {
  let { count, spanMs } = lengthOf(history);
  let start = 0;
  while (count > 0 && (count > room.count || spanMs - intervalAt(history, start) > room.ageMs)) {
    spanMs -= intervalAt(history, start);
    start += widthAt(history, start);
    count -= 1;
  }
  return start;
}

function lengthOf(history: Uint8Array): { count: number; spanMs: number } {
  let count = 0;
  let spanMs = 0;
  for (let at = 0; at < history.byteLength; at += widthAt(history, at)) {
    count += 1;
    spanMs += intervalAt(history, at);
  }
  return { count, spanMs };
}

function intervalAt(history: Uint8Array, at: number): number {
  const code = wordAt(history, at) & SINCE_EVER;
  return code === SINCE_EVER ? 0 : intervalOf(code);
}

function hasExposure(word: number): boolean {
  return (word & (CHANGED | FLAGGED)) === (CHANGED | FLAGGED);
}

function widthAt(history: Uint8Array, at: number): number {
  return hasExposure(wordAt(history, at)) ? 4 : 2;
}

function wordAt(history: Uint8Array, at: number): number {
  return (history[at] ?? 0) | ((history[at + 1] ?? 0) << 8);
}

function words(first: number, second?: number): Uint8Array {
  const bytes = new Uint8Array(second === undefined ? 2 : 4);
  bytes[0] = first;
  bytes[1] = first >> 8;
  if (second === undefined) return bytes;
  bytes[2] = second;
  bytes[3] = second >> 8;
  return bytes;
}

function codeOf(ms: number): number {
  return ms <= 1 ? 0 : Math.min(LARGEST_CODE, Math.round(Math.log(ms) / STEP));
}

function intervalOf(code: number): number {
  return INTERVAL_MS[code] ?? Infinity;
}
