import type { AnnouncedEnd } from './announcement.js';
import type { ArrivalKind } from './arrivals.js';

/** A call that was under way when the throttle was flushed cannot have known of it; not for longer than this. */
const STRAGGLER_MS = 100;
const MAX_PAUSES = 10_000;

/** A span in which nobody should have called, on the monotonic clock. */
export interface Pause {
  form: string;
  beganMs: number;
  endsMs: number;
  inFlight: number;
  throttles: number;
  stragglers: number;
  violations: number;
  probeMs: number | null;
}

export interface FlushedThrottle {
  nowMs: number;
  nowAt: number;
  form: string;
  end: AnnouncedEnd;
  /** Calls not yet answered when it was flushed, itself included: one of that many may cross it on the wire. */
  inFlight: number;
}

/**
 * The judge's view of announced pauses. `flowing`: no announced end lies ahead. `paused`: entered by the flush of a
 * throttle that announced an end; further ones extend it and never shorten it. Arrivals before the end are
 * stragglers or violations; the first at or after it is the probe, and with it we flow again.
 */
export class Pauses {
  readonly past: Pause[] = [];
  private current: Pause | undefined;

  classify(nowMs: number): ArrivalKind {
    const pause = this.current;
    if (pause === undefined) return 'ordinary';
    if (nowMs >= pause.endsMs) return this.probe(pause, nowMs);
    if (nowMs - pause.beganMs <= STRAGGLER_MS && pause.stragglers < pause.inFlight) {
      pause.stragglers++;
      return 'straggler';
    }
    pause.violations++;
    return 'violation';
  }

  flushed(throttle: FlushedThrottle): void {
    const endsMs = endOf(throttle);
    if (endsMs === undefined) return;
    if (this.current === undefined || throttle.nowMs >= this.current.endsMs) this.begin(throttle, endsMs);
    else {
      this.current.endsMs = Math.max(this.current.endsMs, endsMs);
      this.current.throttles++;
    }
  }

  /** Forgets what is over; an announced end that still lies ahead goes on binding. */
  clear(nowMs: number): void {
    this.past.length = 0;
    if (this.current === undefined || nowMs >= this.current.endsMs) return;
    Object.assign(this.current, { throttles: 0, violations: 0 });
    this.past.push(this.current);
  }

  private probe(pause: Pause, nowMs: number): ArrivalKind {
    pause.probeMs = nowMs;
    this.current = undefined;
    return 'probe';
  }

  private begin({ form, nowMs, inFlight }: FlushedThrottle, endsMs: number): void {
    this.current = {
      form,
      beganMs: nowMs,
      endsMs,
      inFlight,
      throttles: 1,
      stragglers: 0,
      violations: 0,
      probeMs: null,
    };
    this.past.push(this.current);
    if (this.past.length > MAX_PAUSES) this.past.shift();
  }
}

function endOf({ end, nowMs, nowAt }: FlushedThrottle): number | undefined {
  switch (end.kind) {
    case 'after':
      return nowMs + end.ms;
    case 'at':
      return nowMs + (end.epochMs - nowAt);
    case 'unsaid':
      return undefined;
  }
}
