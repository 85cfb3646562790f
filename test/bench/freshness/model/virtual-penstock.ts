import { appended, estimateChangeRate, observed, ValueIndex } from '#core';

export interface VirtualOptions {
  readonly size: number;
  readonly timeScale: number;
  /** Calls per second. */
  readonly limit: number;
}

/** What a call brought, compared with the one before; `intervalMs` null: there was none. */
export interface Call {
  readonly atMs: number;
  readonly intervalMs: number | null;
  readonly changed: boolean;
}

const READS_HALF_LIFE_MS = 3_600_000;
const FORGET_MS = 7 * 86_400_000;
const LONGEST_BURST_S = 0.25;
/** Of the mean, as the scheduler gives it to what nobody asks for. */
const SMALL_SHARE = 0.05;
const PRIOR_FROM = 20;
const NOTHING = new Uint8Array(0);

/**
 * What the core learns and chooses by, with nothing around it: no bus, no store, no wall clock. What is left out takes time only, and
 * whoever plays with it decides how long a call and a word are on their way. It is told nothing but reads and answers.
 */
export class VirtualPenstock {
  private readonly index = new ValueIndex();
  private readonly histories: Uint8Array[];
  private readonly rates: Float64Array;
  private readonly reads: Float64Array;
  private readonly fetchedMs: Float64Array;
  private readonly outstanding: Uint8Array;
  private usual = 1;
  private mean = 1;
  private tokens = 0;

  constructor(private readonly options: VirtualOptions) {
    const { size } = options;
    this.histories = Array.from({ length: size }, () => NOTHING);
    this.rates = new Float64Array(size).fill(NaN);
    this.reads = new Float64Array(size);
    this.fetchedMs = new Float64Array(size).fill(NaN);
    this.outstanding = new Uint8Array(size);
    for (let item = 0; item < size; item += 1) this.place(item, 0);
  }

  /** Whose turn it is, when `elapsedMs` have passed since it was asked last. */
  take(elapsedMs: number, nowMs: number): number[] {
    const { limit } = this.options;
    this.tokens = Math.min(limit * LONGEST_BURST_S, this.tokens + (limit * elapsedMs) / 1000);
    const taken = this.index.take(Math.floor(this.tokens), nowMs);
    this.tokens -= taken.length;
    for (const item of taken) this.outstanding[item] = 1;
    return taken;
  }

  answered(item: number, { atMs }: Call, nowMs: number): void {
    this.fetchedMs[item] = atMs;
    this.outstanding[item] = 0;
    this.place(item, nowMs);
  }

  read(item: number): void {
    this.reads[item] = (this.reads[item] ?? 0) + 1;
  }

  learn(item: number, { intervalMs, changed }: Call, nowMs: number): void {
    const { timeScale } = this.options;
    const forgetMs = FORGET_MS / timeScale;
    const wholeMs = intervalMs === null ? null : Math.max(1, Math.round(intervalMs));
    const newest = observed({ intervalMs: wholeMs, changed, unchangedForMs: null }, forgetMs);
    const history = appended(this.histories[item] ?? NOTHING, newest, forgetMs);
    this.histories[item] = history;
    const estimate = history.byteLength === 0 ? undefined : estimateChangeRate(history, this.usual, timeScale);
    this.rates[item] = estimate?.perSecond ?? NaN;
    this.place(item, nowMs);
  }

  /** Once a second: reads fade, and with them what everything is worth. */
  settle(elapsedMs: number, nowMs: number): void {
    const faded = 0.5 ** ((elapsedMs * this.options.timeScale) / READS_HALF_LIFE_MS);
    this.reads.forEach((reads, item) => (this.reads[item] = reads * faded));
    this.mean = this.reads.reduce((sum, reads) => sum + reads, 0) / this.reads.length;
    const known = this.rates.filter((rate) => !Number.isNaN(rate)).sort();
    if (known.length >= PRIOR_FROM) this.usual = known[Math.floor(known.length / 2)] ?? this.usual;
    for (let item = 0; item < this.rates.length; item += 1) this.place(item, nowMs);
  }

  private place(item: number, nowMs: number): void {
    if (this.outstanding[item] === 1) return;
    const known = this.rates[item] ?? NaN;
    const fetchedMs = this.fetchedMs[item] ?? NaN;
    const placement = {
      weight: this.mean === 0 ? 1 : (this.reads[item] ?? 0) + SMALL_SHARE * this.mean,
      cost: 1,
      changeRate: Number.isNaN(known) ? this.usual : known,
      fetchedAtMs: Number.isNaN(fetchedMs) ? undefined : fetchedMs,
      isStale: false,
    };
    this.index.place(item, placement, nowMs);
  }
}
