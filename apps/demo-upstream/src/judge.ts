import type { Announcement } from './announcement.js';
import { ArrivalLog, CUT, type ArrivalKind } from './arrivals.js';
import type { Clock } from './clock.js';
import { Pauses } from './pauses.js';
import { Seconds } from './seconds.js';

export interface Counts {
  arrivals: number;
  accepted: number;
  throttles: number;
  stragglers: number;
  probes: number;
  violations: number;
  cut: number;
}

const nothing = (): Counts => ({
  arrivals: 0,
  accepted: 0,
  throttles: 0,
  stragglers: 0,
  probes: 0,
  violations: 0,
  cut: 0,
});

const COUNTED_AS: Record<ArrivalKind, keyof Counts | undefined> = {
  ordinary: undefined,
  straggler: 'stragglers',
  probe: 'probes',
  violation: 'violations',
};

/** Sees every call and nothing but calls: when it came, whether it was let in, how it ended. */
export class Judge {
  readonly log = new ArrivalLog();
  readonly pauses = new Pauses();
  readonly accepted: Seconds;
  readonly throttled: Seconds;
  readonly statuses = new Map<number, number>();
  counts = nothing();
  inFlight = 0;
  maxConcurrency = 0;
  zeroMs: number;
  zeroAt: number;

  constructor(private readonly clock: Clock) {
    this.zeroMs = clock.monotonicMs();
    this.zeroAt = clock.epochMs();
    this.accepted = new Seconds(this.zeroMs);
    this.throttled = new Seconds(this.zeroMs);
  }

  /** Answers the row in the log. */
  arrived(method: string, path: string): number {
    const nowMs = this.clock.monotonicMs();
    const kind = this.pauses.classify(nowMs);
    const countedAs = COUNTED_AS[kind];
    if (countedAs !== undefined) this.counts[countedAs]++;
    this.counts.arrivals++;
    this.maxConcurrency = Math.max(this.maxConcurrency, ++this.inFlight);
    return this.log.add(nowMs, method, path, kind);
  }

  admitted(): void {
    this.counts.accepted++;
    this.accepted.add(this.clock.monotonicMs());
  }

  refused(): void {
    this.counts.throttles++;
    this.throttled.add(this.clock.monotonicMs());
  }

  /** The throttle's answer has been handed to the network: from now on its caller can know. */
  flushed({ form, end }: Announcement): void {
    const { clock, inFlight } = this;
    this.pauses.flushed({ nowMs: clock.monotonicMs(), nowAt: clock.epochMs(), form, end, inFlight });
  }

  settled(row: number, status: number): void {
    this.inFlight--;
    this.log.settle(row, status);
    if (status === CUT) this.counts.cut++;
    else this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  reset(): void {
    this.zeroMs = this.clock.monotonicMs();
    this.zeroAt = this.clock.epochMs();
    this.counts = nothing();
    this.maxConcurrency = this.inFlight;
    this.statuses.clear();
    this.log.clear();
    this.pauses.clear(this.zeroMs);
    this.accepted.clear(this.zeroMs);
    this.throttled.clear(this.zeroMs);
  }
}
