import type { Answer, Client } from './client.js';

const BETA = 0.7;
const SCALE = 0.4;
const SMOOTH = 0.8;
const LEAST_FILL = 0.5;

/**
 * The adaptive mode of the AWS SDKs (`DefaultRateLimiter.ts`): CUBIC over a token bucket that is switched on by the first throttle. It
 * does not read Retry-After. Slots are reserved, as since 2026.
 */
export class AwsAdaptive implements Client {
  #enabled = false;
  #fill = 0;
  #capacity = 0;
  #tokens = 0;
  #filledAtMs = 0;
  #measured = 0;
  #bucket = 0;
  #count = 0;
  #lastMax = 0;
  #lastThrottleMs = 0;
  #inFlight = 0;

  constructor(private readonly concurrency: number) {}

  waitsUntil(_user: boolean, nowMs: number): number | undefined {
    if (this.#inFlight >= this.concurrency) return Infinity;
    if (!this.#enabled) return undefined;
    this.#refill(nowMs);
    return this.#tokens >= 1 ? undefined : nowMs + (1000 * (1 - this.#tokens)) / this.#fill + 0.01;
  }

  send(): unknown {
    this.#inFlight += 1;
    if (this.#enabled) this.#tokens -= 1;
    return undefined;
  }

  ended(_call: unknown, { throttled }: Answer, nowMs: number): void {
    this.#inFlight -= 1;
    this.#measure(nowMs);
    let calculated: number;
    if (throttled) {
      const rate = this.#enabled ? Math.min(this.#measured, this.#fill) : this.#measured;
      this.#lastMax = rate;
      this.#lastThrottleMs = nowMs;
      calculated = rate * BETA;
      this.#enabled = true;
      this.#filledAtMs ||= nowMs;
    } else {
      const seconds = (nowMs - this.#lastThrottleMs) / 1000;
      const window = Math.cbrt((this.#lastMax * (1 - BETA)) / SCALE);
      calculated = SCALE * (seconds - window) ** 3 + this.#lastMax;
    }
    this.#update(Math.min(calculated, 2 * this.#measured), nowMs);
  }

  #update(rate: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#fill = Math.max(rate, LEAST_FILL);
    this.#capacity = Math.max(rate, 1);
    this.#tokens = Math.min(this.#tokens, this.#capacity);
  }

  #refill(nowMs: number): void {
    if (this.#filledAtMs > 0)
      this.#tokens = Math.min(this.#capacity, this.#tokens + ((nowMs - this.#filledAtMs) * this.#fill) / 1000);
    this.#filledAtMs = nowMs;
  }

  #measure(nowMs: number): void {
    const bucket = Math.floor(nowMs / 500) / 2;
    this.#count += 1;
    if (bucket <= this.#bucket) return;
    const rate = this.#count / (bucket - this.#bucket);
    this.#measured = rate * SMOOTH + this.#measured * (1 - SMOOTH);
    this.#count = 0;
    this.#bucket = bucket;
  }
}
