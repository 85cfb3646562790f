import type { SendMeter } from './send-meter.js';

/** Lengths that vendors use. */
const LENGTHS_MS = [1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60].map((seconds) => seconds * 1000);
/** From 100 ms to a minute, each a twentieth longer than the last, and the usual lengths among them. */
const SPANS_MS = [...spans(100, 60_000), ...LENGTHS_MS].sort((a, b) => a - b);
/** Counts of one full window differ by no more than this. */
const CLOSE = 0.025;
const MOST_CURVES = 4;
const ENOUGH_CURVES = 3;
/** Two estimates that agree to this are of the same bucket. */
const AGREE = 0.008;

/** What was taken within each span before a throttle, as far back as the one before it. */
type Curve = readonly number[];

/** confirmed, refuted: two earlier throttles, each compared with the newest, give the same rate, or they do not. */
export interface BucketRate {
  readonly perSecond: number;
  readonly kind: 'possible' | 'confirmed' | 'refuted';
}

/**
 * What several throttles say together. A bucket of burst b that refills at r was empty at each of them, and full at some time before:
 * the most that was taken beyond r in any span up to the throttle is b. Of one throttle each r has its b; a throttle after a steep climb
 * and one after a slow climb agree in one r only. Of a window there is no such bucket, and the rate at which they agree lies below its own.
 */
export class RefusalCurves {
  #curves: Curve[] = [];
  isBucket = false;

  /** `sinceMs`: the throttle before. */
  add(meter: SendMeter, atMs: number, sinceMs: number): void {
    const curve = SPANS_MS.filter((spanMs) => spanMs <= atMs - sinceMs).map((spanMs) =>
      meter.within(atMs - spanMs, atMs),
    );
    this.#curves = [...this.#curves, curve].slice(-MOST_CURVES);
  }

  /** Of a limit that has changed the past says nothing. */
  forget(): void {
    this.#curves = this.#curves.slice(-1);
  }

  get count(): number {
    return this.#curves.length;
  }

  /** Enough was seen, and neither a bucket nor a window of a usual length would have refused at just these times. */
  get unexplained(): boolean {
    if (this.#curves.length < ENOUGH_CURVES) return false;
    return !this.isBucket && !LENGTHS_MS.some((lengthMs) => isWindow(this.#curves, SPANS_MS.indexOf(lengthMs)));
  }

  /** Undefined: one throttle alone says nothing. */
  between(lowest: number, highest: number): BucketRate | undefined {
    const newest = this.#curves.at(-1);
    if (newest === undefined || this.#curves.length < 2) return undefined;
    const rates = this.#curves.slice(0, -1).map((curve) => meetingOf(curve, newest, lowest, highest));
    const perSecond = Math.max(...rates);
    const agreeing = rates.filter((rate) => rate > 1.005 * lowest && rate > (1 - AGREE) * perSecond);
    const kind = rates.length < 2 ? 'possible' : agreeing.length >= 2 ? 'confirmed' : 'refuted';
    this.isBucket = kind === 'confirmed';
    return { perSecond, kind };
  }
}

function isWindow(curves: readonly Curve[], index: number): boolean {
  const counts = curves.map((curve) => curve[index] ?? NaN);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return most - least <= Math.max(1.5, CLOSE * most);
}

/** The rate at which both are the end of the same burst; the lowest where they never are. */
function meetingOf(a: Curve, b: Curve, lowest: number, highest: number): number {
  const steeper = burstOf(a, highest) > burstOf(b, highest);
  let [low, high] = [lowest, Math.max(lowest, highest)];
  for (let i = 0; i < 20; i += 1) {
    const rate = (low + high) / 2;
    if (burstOf(a, rate) > burstOf(b, rate) === steeper) high = rate;
    else low = rate;
  }
  return low;
}

/** The most beyond that rate in any span. */
function burstOf(curve: Curve, perSecond: number): number {
  let most = 0;
  for (const [i, taken] of curve.entries()) most = Math.max(most, taken - (perSecond * (SPANS_MS[i] ?? 0)) / 1000);
  return most;
}

function spans(shortestMs: number, longestMs: number): number[] {
  const all: number[] = [];
  for (let spanMs = shortestMs; spanMs <= longestMs; spanMs *= 1.05) all.push(spanMs);
  return all;
}
