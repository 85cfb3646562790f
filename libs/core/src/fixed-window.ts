import type { SendMeter } from './send-meter.js';

/** Lengths that vendors use. */
const LENGTHS_MS = [1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60].map((seconds) => seconds * 1000);
/** The end that a throttle tells is exact to this; whole seconds may be up to one too late, and dates up to one too early. */
const EXACT_MS = 40;
const ENOUGH_EPISODES = 2;
/** Ends that are told in whole seconds say little. */
const ENOUGH_IN_SECONDS = { episodes: 4, perMs: 10_000 } as const;
/** Its beginning is known to this part of its length, or else the count up to it is worth nothing. */
const KNOWN_TO = 1 / 12;
/** Two counts of one full window differ by no more than this. */
const CLOSE = 0.04;
/** A throttle when less than this of the limit was used contradicts it. */
const CONTRADICTED_BELOW = 0.9;

/** Plain JSON: a length and a limit that were seen, in how many episodes. */
export interface FixedWindowRecord {
  readonly limit: number;
  readonly perMs: number;
  readonly episodes: number;
}

interface Candidate {
  readonly perMs: number;
  /** Where in its period a window begins, as an interval on a circle of `perMs`; undefined: nothing was seen yet. */
  phase: { fromMs: number; lengthMs: number } | undefined;
  limit: number;
  episodes: number;
}

/**
 * Learns a fixed window from the history of throttles. Each first throttle of an episode that tells its end says when a window begins; what
 * was taken from one length before until then is the limit, if the length is right. Of the usual lengths those survive whose windows begin
 * at the same phase each time and whose counts agree; a wrong length soon contradicts itself. Of those that survive the one that explains
 * the highest rate is right: a part of a window holds less than its share, since the throttled end of it is empty.
 */
export class FixedWindow {
  #candidates: Candidate[] = LENGTHS_MS.map(unseen);
  #found: FixedWindowRecord | undefined;
  #restored = false;

  /** `atMs`: the end that the throttle told, less what the call was on its way; `inSeconds`: cut or rounded to whole seconds. */
  throttled(sentAtMs: number, end: { readonly atMs: number; readonly inSeconds: boolean }, meter: SendMeter): void {
    const uncertainMs = end.inSeconds ? 1_000 : EXACT_MS;
    // Refused until then: the window cannot begin before the refusal was sent.
    const fromMs = Math.max(sentAtMs, end.atMs - uncertainMs);
    const toMs = Math.max(fromMs + EXACT_MS, end.atMs + EXACT_MS);
    for (const candidate of this.#candidates) see(candidate, { fromMs, toMs, sentAtMs }, meter);
    const found = best(this.#candidates, end.inSeconds);
    // What a restart brought along holds until it is contradicted; what was seen here holds while it is seen.
    if (found !== undefined || !this.#restored) this.#found = found;
  }

  get found(): FixedWindowRecord | undefined {
    return this.#found;
  }

  /** Whether a throttle now fits to what was found: the window must have been full. */
  contradictedBy(sentAtMs: number, meter: SendMeter): boolean {
    if (this.#found === undefined) return false;
    return meter.within(sentAtMs - this.#found.perMs, sentAtMs) < CONTRADICTED_BELOW * this.#found.limit;
  }

  forget(): void {
    this.#found = undefined;
    this.#restored = false;
    this.#candidates = LENGTHS_MS.map(unseen);
  }

  restore(record: FixedWindowRecord | undefined): void {
    this.#found = record;
    this.#restored = record !== undefined;
  }
}

function unseen(perMs: number): Candidate {
  return { perMs, phase: undefined, limit: 0, episodes: 0 };
}

function see(
  candidate: Candidate,
  at: { readonly fromMs: number; readonly toMs: number; readonly sentAtMs: number },
  meter: SendMeter,
): void {
  const { perMs } = candidate;
  // It has to end within its length.
  if (at.fromMs - at.sentAtMs > perMs || at.toMs - at.fromMs > perMs / 2) return start(candidate);
  const phase = candidate.phase === undefined ? undefined : meet(candidate.phase, at, perMs);
  if (candidate.phase !== undefined && phase === undefined) return start(candidate, at, meter);
  const seen = phase ?? { fromMs: at.fromMs, lengthMs: at.toMs - at.fromMs };
  const beganMs = seen.fromMs + seen.lengthMs / 2 - perMs;
  const taken = meter.within(beganMs, at.sentAtMs);
  if (candidate.episodes > 0 && Math.abs(taken - candidate.limit) > Math.max(1.5, CLOSE * taken))
    return start(candidate, at, meter);
  candidate.phase = seen;
  candidate.limit = candidate.episodes === 0 ? taken : (candidate.limit + taken) / 2;
  candidate.episodes += 1;
}

/** Contradicted: from here on as if this were the first that was seen of it. */
function start(candidate: Candidate, at?: { fromMs: number; toMs: number; sentAtMs: number }, meter?: SendMeter): void {
  Object.assign(candidate, unseen(candidate.perMs));
  if (at !== undefined && meter !== undefined) see(candidate, at, meter);
}

/** What two intervals on a circle have in common; undefined: nothing. */
function meet(
  phase: { fromMs: number; lengthMs: number },
  at: { fromMs: number; toMs: number },
  perMs: number,
): { fromMs: number; lengthMs: number } | undefined {
  // Brought to the turn nearest to the newer one.
  const turns = Math.round((at.fromMs - phase.fromMs) / perMs);
  const fromMs = Math.max(phase.fromMs + turns * perMs, at.fromMs);
  const toMs = Math.min(phase.fromMs + turns * perMs + phase.lengthMs, at.toMs);
  return toMs > fromMs ? { fromMs, lengthMs: toMs - fromMs } : undefined;
}

function best(candidates: readonly Candidate[], inSeconds: boolean): FixedWindowRecord | undefined {
  let found: Candidate | undefined;
  for (const candidate of candidates) {
    if (!isKnown(candidate, inSeconds)) continue;
    if (found === undefined || candidate.limit / candidate.perMs > (1.01 * found.limit) / found.perMs)
      found = candidate;
  }
  if (found === undefined) return undefined;
  return { limit: Math.round(found.limit), perMs: found.perMs, episodes: found.episodes };
}

function isKnown({ episodes, limit, phase, perMs }: Candidate, inSeconds: boolean): boolean {
  if (limit < 2 || phase === undefined || phase.lengthMs > KNOWN_TO * perMs) return false;
  if (inSeconds && perMs < ENOUGH_IN_SECONDS.perMs) return false;
  return episodes >= (inSeconds ? ENOUGH_IN_SECONDS.episodes : ENOUGH_EPISODES);
}
