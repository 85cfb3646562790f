import type { Client } from './client.js';
import { announcementOf, type Hostile, type Verdict } from './hostile.js';

export interface PlayOptions {
  readonly client: Client;
  readonly hostile: Hostile;
  readonly chance: () => number;
  /** Round-trip time; `jitter` 0.25: up to a quarter less or more, half of it on the way there. */
  readonly roundTripMs: number;
  readonly jitter: number;
  /** Instead of both: next to no way there, and answers that take their time (a median and a 99th percentile), refusals 2 ms. */
  readonly latency?: { readonly p50Ms: number; readonly p99Ms: number };
  readonly usersPerSecond: number;
  /** Calls to be counted, once counting has begun. */
  readonly calls: number;
  readonly forMs?: number;
  /** Counting begins when so many pauses are over, or after `warmUpMs` without so many. */
  readonly afterPauses: number;
  readonly warmUpMs: number;
  /** Counting begins as in the bench, and lasts `forMs`. */
  readonly judged?: Judged;
  readonly startsAtMs?: number;
  /** This share of the wake-ups is late by up to so long: a busy event loop. */
  readonly stalls?: { readonly share: number; readonly mostMs: number };
}

/**
 * Every half second the judge looks whether so many pauses are over, or the time is up; then counting begins on a beat of its clock. A bare
 * throttle announces no end: there a second without throttles after one with some ends a pause.
 */
export interface Judged {
  readonly tells: boolean;
  readonly beatMs: number;
  readonly pauses: number;
  readonly withinMs: number;
}

export interface Played {
  readonly calls: number;
  /** Taken calls as a share of the quota of the counted time. */
  readonly share: number;
  readonly throttles: number;
  readonly throttlesPer10k: number;
  readonly pauses: number;
  /** Calls that left before the time that a throttle which had already been read told. */
  readonly violations: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly userWaitMs: number;
  /** The shares of the three thirds of the counted time. */
  readonly thirds: readonly number[];
}

interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

export const STARTS_AT_MS = 1_700_000_000_123;
/** A timer of an event loop is never early and a little late. */
const TIMER_LATE_MS = 1.5;
const LOOK_MS = 500;
const DEFAULT_FOR_MS = 7_200_000;

/** Virtual time: a heap of events, an endless backlog of background calls and a few users. */
export function play(options: PlayOptions): Played {
  return new Table(options).run();
}

class Table {
  readonly #startsAtMs: number;
  #nowMs: number;
  readonly #events: Event[] = [];
  readonly #users: number[] = [];
  #wakeAtMs = Infinity;
  #told = 0;
  #pauses = 0;
  #inPauseUntilMs = 0;
  #from: { atMs: number } | undefined;
  #quota = 0;
  #quotaAtMs: number;
  readonly #thirds = [0, 0, 0];
  readonly #throttledSeconds = new Set<number>();
  #counted = { calls: 0, taken: 0, throttles: 0, pauses: 0 };
  #violations = 0;
  #userWaits = { sumMs: 0, count: 0 };

  constructor(private readonly options: PlayOptions) {
    this.#startsAtMs = options.startsAtMs ?? STARTS_AT_MS;
    this.#nowMs = this.#startsAtMs;
    this.#quotaAtMs = this.#startsAtMs;
  }

  run(): Played {
    if (this.options.judged !== undefined) this.#look(this.options.judged);
    this.#userComes();
    this.#pump();
    while (!this.#done()) {
      const event = this.#next();
      if (event === undefined)
        throw new Error('nothing is under way and nothing is waited for: the client has come to a standstill');
      this.#nowMs = event.atMs;
      event.run();
    }
    return this.#result();
  }

  #done(): boolean {
    if (this.#from === undefined) {
      if (this.#nowMs - this.#startsAtMs > 3_600_000) throw new Error('the warm-up did not end within an hour');
      return false;
    }
    const forMs = this.#nowMs - this.#from.atMs;
    if (forMs > DEFAULT_FOR_MS) return true;
    return this.options.forMs === undefined ? this.#counted.calls >= this.options.calls : forMs >= this.options.forMs;
  }

  #result(): Played {
    this.#countQuota();
    const fromMs = this.#from?.atMs ?? this.#nowMs;
    const { calls, taken, throttles, pauses } = this.#counted;
    return {
      calls,
      share: taken / this.#quota,
      throttles,
      throttlesPer10k: (10_000 * throttles) / calls,
      pauses,
      violations: this.#violations,
      seconds: (this.#nowMs - fromMs) / 1000,
      warmUpSeconds: (fromMs - this.#startsAtMs) / 1000,
      userWaitMs: this.#userWaits.sumMs / Math.max(1, this.#userWaits.count),
      thirds: this.#thirds.map((one) => (3 * one) / this.#quota),
    };
  }

  #pump(): void {
    for (;;) {
      const user = this.#users.length > 0;
      const waits = this.options.client.waitsUntil(user, this.#nowMs);
      if (waits === undefined) this.#send(user);
      else return this.#sleep(waits);
    }
  }

  #sleep(untilMs: number): void {
    if (untilMs === Infinity || untilMs >= this.#wakeAtMs) return;
    const atMs = Math.max(Math.ceil(untilMs), this.#nowMs + 0.5) + this.#late();
    this.#wakeAtMs = untilMs;
    this.#at(atMs, () => {
      // An earlier one has taken its place since.
      if (this.#wakeAtMs !== untilMs) return;
      this.#wakeAtMs = Infinity;
      this.#pump();
    });
  }

  #late(): number {
    const { chance, stalls } = this.options;
    const stalled = stalls !== undefined && chance() < stalls.share;
    return chance() * (stalled ? stalls.mostMs : TIMER_LATE_MS);
  }

  #send(user: boolean): void {
    const { client, hostile } = this.options;
    if (this.#nowMs < this.#told) this.#violations += 1;
    const cameMs = user ? this.#users.shift() : undefined;
    if (cameMs !== undefined)
      this.#userWaits = { sumMs: this.#userWaits.sumMs + this.#nowMs - cameMs, count: this.#userWaits.count + 1 };
    const call = client.send(user, this.#nowMs);
    const counted = this.#from !== undefined;
    this.#at(this.#nowMs + this.#way(), () => {
      this.#countQuota();
      const verdict = hostile.arrive(this.#nowMs);
      if (!verdict.taken) this.#throttledSeconds.add(Math.floor(this.#nowMs / 1000));
      if (counted) this.#count(verdict);
      this.#at(this.#nowMs + this.#wayBack(verdict), () => this.#answered(call, verdict));
    });
  }

  #count(verdict: Verdict): void {
    this.#counted.calls += 1;
    if (verdict.taken) {
      this.#counted.taken += 1;
      this.#addToThird();
    } else this.#counted.throttles += 1;
  }

  #addToThird(): void {
    const forMs = this.#nowMs - (this.#from?.atMs ?? 0);
    const third = Math.min(2, Math.floor((3 * forMs) / (this.options.forMs ?? DEFAULT_FOR_MS)));
    this.#thirds[third] = (this.#thirds[third] ?? 0) + 1;
  }

  #answered(call: unknown, verdict: Verdict): void {
    const { client } = this.options;
    const { waitMs, resolutionMs } = verdict;
    if (!verdict.taken) this.#paused(waitMs);
    const announcement = announcementOf(this.options.hostile, verdict, this.#nowMs);
    client.ended(call, { throttled: !verdict.taken, waitMs, resolutionMs, announcement }, this.#nowMs);
    this.#begin();
    this.#pump();
  }

  #paused(waitMs: number | undefined): void {
    const untilMs = this.#nowMs + (waitMs ?? 500);
    if (waitMs !== undefined) this.#told = Math.max(this.#told, untilMs);
    if (this.#nowMs > this.#inPauseUntilMs) {
      this.#pauses += 1;
      if (this.#from !== undefined) this.#counted.pauses += 1;
    }
    this.#inPauseUntilMs = Math.max(this.#inPauseUntilMs, untilMs + 2 * this.options.roundTripMs);
  }

  #begin(): void {
    const { afterPauses, warmUpMs } = this.options;
    if (this.#from !== undefined || this.options.judged !== undefined) return;
    const over = this.#pauses >= afterPauses && this.#nowMs > this.#inPauseUntilMs;
    const noPauses = this.#pauses === 0 && this.#nowMs - this.#startsAtMs >= warmUpMs;
    if (!over && !noPauses && this.#nowMs - this.#startsAtMs < 30 * 60_000) return;
    this.#startCounting();
  }

  #startCounting(): void {
    this.#from = { atMs: this.#nowMs };
    this.#quota = 0;
    this.#quotaAtMs = this.#nowMs;
    this.#violations = 0;
  }

  #look(judged: Judged): void {
    const over = this.#pausesOver(judged.tells) >= judged.pauses;
    if (over || this.#nowMs - this.#startsAtMs >= judged.withinMs) {
      const beginsMs = Math.ceil(this.#nowMs / judged.beatMs) * judged.beatMs;
      this.#at(beginsMs, () => this.#startCounting());
    } else this.#at(this.#nowMs + LOOK_MS, () => this.#look(judged));
  }

  #pausesOver(tells: boolean): number {
    if (tells) return this.#pauses - (this.#told > this.#nowMs ? 1 : 0);
    const current = Math.floor(this.#nowMs / 1000);
    return [...this.#throttledSeconds].filter((second) => second < current && !this.#throttledSeconds.has(second + 1))
      .length;
  }

  #countQuota(): void {
    const elapsedMs = this.#nowMs - this.#quotaAtMs;
    this.#quotaAtMs = this.#nowMs;
    this.#quota += (elapsedMs * this.options.hostile.quotaPerSecond(this.#nowMs)) / 1000;
  }

  #userComes(): void {
    const { usersPerSecond, chance } = this.options;
    if (usersPerSecond <= 0) return;
    this.#at(this.#nowMs - (1000 * Math.log(1 - chance())) / usersPerSecond, () => {
      this.#users.push(this.#nowMs);
      this.#userComes();
      this.#pump();
    });
  }

  /** Half a round trip. */
  #way(): number {
    const { roundTripMs, jitter, chance, latency } = this.options;
    if (latency !== undefined) return 0.2 + 0.5 * chance();
    return (roundTripMs / 2) * (1 + jitter * (2 * chance() - 1));
  }

  #wayBack({ taken }: Verdict): number {
    const { latency, chance } = this.options;
    if (latency === undefined) return this.#way();
    if (!taken) return 2 + chance();
    const sigma = Math.log(latency.p99Ms / latency.p50Ms) / 2.326;
    const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
    return latency.p50Ms * Math.exp(sigma * normal);
  }

  #at(atMs: number, run: () => void): void {
    const events = this.#events;
    events.push({ atMs, run });
    for (let i = events.length - 1; i > 0;) {
      const up = (i - 1) >> 1;
      if (!isBefore(events, i, up)) return;
      swap(events, i, up);
      i = up;
    }
  }

  #next(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (events.length === 0 || last === undefined) return first;
    events[0] = last;
    for (let i = 0; ;) {
      let least = i;
      if (isBefore(events, 2 * i + 1, least)) least = 2 * i + 1;
      if (isBefore(events, 2 * i + 2, least)) least = 2 * i + 2;
      if (least === i) return first;
      swap(events, i, least);
      i = least;
    }
  }
}

function isBefore(events: readonly Event[], a: number, b: number): boolean {
  return (events[a]?.atMs ?? Infinity) < (events[b]?.atMs ?? Infinity);
}

function swap(events: Event[], a: number, b: number): void {
  const [first, second] = [events[a], events[b]];
  if (first === undefined || second === undefined) return;
  events[a] = second;
  events[b] = first;
}
