import type { Unreported } from './reservation.js';
import type { OneWindow, Uncounted, WindowRecord } from './windows.js';

const BINS = 128;
/** Float dust of a running balance. */
const DUST = 1e-6;

/**
 * A window of hours or days. Two rules at once:
 * - hard, for every lane: sends are counted in bins of 1/128 of the period, and a bin counts until its last possible send has left
 *   every window at the receiver. So neither a fixed nor a sliding window is ever exceeded, wherever it begins.
 * - paced, for the background only: a trickle of `remaining / time to the reset`, so that a morning's refreshes cannot spend the day;
 *   `reserveShare` of what remains is left to lane now at every moment, and flows back as the reset comes near.
 * The period begins with the first send, since most vendors count so; a vendor that tells its reset is followed, and what was sent before a
 * reset that it told no longer counts after it.
 */
export class LongCounter implements OneWindow {
  readonly size: number;
  readonly #binMs: number;
  #bins: { endMs: number; count: number }[] = [];
  #total = 0;
  #spreadMs: number;
  #periodStartMs: number | undefined;
  #spent = 0;
  #aligned = false;
  #trickle = 1;
  #trickledAtMs = 0;

  constructor(
    readonly limit: number,
    readonly perMs: number,
    spreadMs: number,
    readonly reserveShare: number,
  ) {
    this.size = limit;
    this.#binMs = perMs / BINS;
    this.#spreadMs = spreadMs;
  }

  setSpread(spreadMs: number): void {
    this.#spreadMs = spreadMs;
  }

  free(nowMs: number): number {
    this.#turnPeriod(nowMs);
    for (let first = this.#bins[0]; first !== undefined; first = this.#bins[0]) {
      if (this.#leavesAt(first.endMs) > nowMs) break;
      this.#total -= first.count;
      this.#bins.shift();
    }
    return Math.max(0, this.limit - this.#total);
  }

  freeAt(nowMs: number, count: number): number {
    if (count > this.limit) return Infinity;
    let missing = count - this.free(nowMs);
    if (missing <= 0) return nowMs;
    const resetAtMs = this.#aligned && this.#periodStartMs !== undefined ? this.#periodStartMs + this.perMs : Infinity;
    for (const bin of this.#bins) {
      missing -= bin.count;
      if (missing <= 0) return Math.min(resetAtMs, this.#leavesAt(bin.endMs));
    }
    return resetAtMs;
  }

  paced(nowMs: number): number {
    this.#trickleOn(nowMs);
    return Math.floor(this.#trickle + DUST);
  }

  pacedAt(nowMs: number, count: number): number {
    this.#trickleOn(nowMs);
    const missing = count - DUST - this.#trickle;
    if (missing <= 0) return nowMs;
    const perMs = this.#tricklePerMs(nowMs);
    return perMs > 0 ? nowMs + missing / perMs + 0.001 : this.freeAt(nowMs, 1);
  }

  spend(nowMs: number, count: number, background: boolean): void {
    this.#turnPeriod(nowMs);
    this.#periodStartMs ??= nowMs;
    this.#spent += count;
    this.#total += count;
    if (background) this.#trickle -= count;
    const endMs = (Math.floor(nowMs / this.#binMs) + 1) * this.#binMs;
    const last = this.#bins.at(-1);
    if (last?.endMs === endMs) last.count += count;
    else this.#bins.push({ endMs, count });
  }

  fit(): void {}

  refund(nowMs: number, count: number): void {
    this.free(nowMs);
    const last = this.#bins.at(-1);
    const back = Math.min(count, last?.count ?? 0);
    if (last !== undefined) last.count -= back;
    this.#total -= back;
    this.#spent = Math.max(0, this.#spent - back);
  }

  giveBack({ tokens, startedAtMs, background }: Uncounted, nowMs: number): void {
    this.free(nowMs);
    const bin = this.#bins.findLast(({ endMs }) => endMs - this.#binMs <= startedAtMs);
    const back = Math.min(tokens, bin?.count ?? 0);
    if (bin !== undefined) bin.count -= back;
    this.#total -= back;
    if (startedAtMs >= (this.#periodStartMs ?? 0)) this.#spent = Math.max(0, this.#spent - back);
    if (background) this.#trickle += back;
  }

  /** From here on the period is the upstream's: what was sent in one that is over does not count in the next. */
  align({ resetAtMs, remaining }: { resetAtMs: number; remaining: number | undefined }, nowMs: number): void {
    if (resetAtMs <= nowMs || resetAtMs > nowMs + this.perMs + 1_000) return;
    this.#turnPeriod(nowMs);
    this.#periodStartMs = resetAtMs - this.perMs;
    this.#aligned = true;
    if (remaining !== undefined) this.#spent = Math.max(this.#spent, this.limit - remaining);
  }

  /** Over so long a time it makes no difference. */
  left(): void {}

  sustainedPerMs(nowMs: number): number {
    return this.#tricklePerMs(nowMs);
  }

  assume({ calls, atMs }: Unreported): void {
    this.spend(atMs, Math.min(calls, this.free(atMs)), false);
  }

  /** A day must not be lost to a take-over: the record counts here, and `spend` adds what may be missing in it. */
  drain(nowMs: number): void {
    this.#trickle = 0;
    this.#trickledAtMs = nowMs;
  }

  record(nowMs: number): WindowRecord {
    this.free(nowMs);
    return {
      limit: this.limit,
      perMs: this.perMs,
      kind: 'long',
      sends: this.#bins.map((bin) => [bin.endMs, bin.count] as const),
      periodStartMs: this.#periodStartMs ?? nowMs,
      spent: this.#spent,
      ...(this.#aligned ? { aligned: true } : {}),
    };
  }

  restore(record: WindowRecord, shiftMs: number, nowMs: number): void {
    this.drain(nowMs);
    if (record.kind !== 'long') return;
    this.#bins = record.sends.map(([endMs, count]) => ({
      endMs: Math.min(endMs + shiftMs, nowMs + this.#binMs),
      count,
    }));
    this.#total = this.#bins.reduce((sum, bin) => sum + bin.count, 0);
    this.#periodStartMs = Math.min(nowMs, record.periodStartMs + shiftMs);
    this.#spent = record.spent;
    this.#aligned = record.aligned === true;
  }

  #leavesAt(binEndMs: number): number {
    return binEndMs + this.perMs + this.#spreadMs;
  }

  #turnPeriod(nowMs: number): void {
    if (this.#periodStartMs === undefined || nowMs - this.#periodStartMs < this.perMs) return;
    this.#periodStartMs += Math.floor((nowMs - this.#periodStartMs) / this.perMs) * this.perMs;
    this.#spent = 0;
    if (!this.#aligned) return;
    const startMs = this.#periodStartMs;
    this.#bins = this.#bins.filter((bin) => bin.endMs > startMs);
    this.#total = this.#bins.reduce((sum, bin) => sum + bin.count, 0);
  }

  #tricklePerMs(nowMs: number): number {
    this.#turnPeriod(nowMs);
    const leftMs = this.perMs - (nowMs - (this.#periodStartMs ?? nowMs));
    const remaining = Math.min(this.free(nowMs), this.limit - this.#spent);
    return (Math.max(0, remaining) * (1 - this.reserveShare)) / Math.max(leftMs, this.#binMs);
  }

  #trickleOn(nowMs: number): void {
    const elapsedMs = nowMs - this.#trickledAtMs;
    if (elapsedMs <= 0) return;
    const most = Math.max(1, this.limit / 1000);
    this.#trickle = Math.min(most, this.#trickle + elapsedMs * this.#tricklePerMs(nowMs));
    this.#trickledAtMs = nowMs;
  }
}
