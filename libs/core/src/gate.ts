import { Allowance } from './allowance.js';
import type { Announcement } from './announcement.js';
import type {
  GateAdmission,
  GateChange,
  GateConfig,
  GateOutcome,
  GateState,
  Learned,
  Permit,
  ScopeRecord,
  TakeOver,
  ThrottledAnswer,
} from './gate-types.js';
import { isOlder, Pause } from './pause.js';
import type { Lane } from './priority.js';
import { closePermit, hearPermit, leavePermit, notAdmitted, openPermit } from './permit.js';
import { Probe } from './probe.js';
import { RAMP_MS } from './ramp.js';

type Phase =
  | { readonly kind: 'flowing'; readonly sinceMs: number }
  | { readonly kind: 'ramping'; readonly sinceMs: number }
  | { readonly kind: 'probing' };

const NONE: GateChange = { kind: 'none' };
const GO: GateAdmission = { kind: 'go', probe: false };
const GO_AS_PROBE: GateAdmission = { kind: 'go', probe: true };
const NO_SLOT: GateAdmission = { kind: 'wait', untilMs: undefined, reason: 'slots' };
const PROBE_IN_FLIGHT: GateAdmission = { kind: 'wait', untilMs: undefined, reason: 'probe-in-flight' };
/** An unbroken success of this length, or of twice the last pause, ends a row of episodes; a whole ramp takes it back to its first. */
const FORGIVEN_AFTER_MS = 30_000;

/**
 * Whether the next call of one scope may leave. Pure: time and chance are arguments.
 *
 * FLOWING. Calls leave as the windows (or, without any, the learned rate) and the slots allow; lane now first, the background beyond
 *   the reserve. Entered when a ramp has lasted 10 s, and at the very first start. Left by a throttle, a pause by hand or another
 *   writer's pause.
 * PAUSED. Nothing leaves; calls in flight finish. Derived: whatever the phase was, `pausedUntil > now` is PAUSED. Throttles extend it
 *   and never shorten it; only the first of an epoch escalates (next epoch, k + 1, one cut of the learned rate), the other 63 of the
 *   burst were sent in an older epoch and only extend. Left when its time has come or by hand, always to PROBING.
 * PROBING. Exactly one call, of any lane. Throttled: PAUSED, with k + 1. Answered: RAMPING. A time-out, a 5xx or a client that left
 *   says nothing about the limit: still PROBING, again after a back-off. Also entered by a take-over without a clean hand-over. The
 *   answers of calls that were sent before the pause change nothing here.
 * RAMPING. From 0.7 to 0.9 of the known ceiling within 10 s, evenly spaced, from an empty bucket: what waited does not leave at once.
 *   Then FLOWING.
 */
export class Gate {
  readonly #chance: () => number;
  readonly #allowance: Allowance;
  readonly #pause: Pause;
  readonly #probe = new Probe();
  /** When each call in flight left, by its send number. */
  readonly #open = new Map<number, number>();
  #phase: Phase = { kind: 'flowing', sinceMs: 0 };
  #inFlight = 0;
  #inFlightBackground = 0;
  #seq = 0;
  #calls = 0;
  #throttles = 0;

  constructor(config: GateConfig, chance: () => number) {
    this.#chance = chance;
    this.#allowance = new Allowance(config);
    this.#pause = new Pause({ fence: config.fence, n: 0 }, config.pause);
  }

  /** Which side to ask for first: lane now, unless the background's floor is due. Say truly who waits: the floor counts by it. */
  turn(nowWaits: boolean, backgroundWaits: boolean): 'now' | 'background' {
    return this.#allowance.turn(nowWaits, backgroundWaits);
  }

  /** `cost`: what the call is charged where the vendor counts by cost; absent: what calls have cost so far. */
  admit(lane: Lane, nowMs: number, cost?: number): GateAdmission {
    if (this.#pause.untilMs > nowMs) return { kind: 'wait', untilMs: this.#pause.untilMs, reason: 'paused' };
    this.#advance(nowMs);
    if (this.#phase.kind === 'probing') return this.#admitProbe(cost, nowMs);
    if (this.#inFlight >= this.#allowance.concurrency) return NO_SLOT;
    const ramping = this.#phase.kind === 'ramping';
    const asking = { lane, cost, ramping, inFlightBackground: this.#inFlightBackground };
    return this.#allowance.refusal(asking, nowMs) ?? GO;
  }

  /** Takes a slot and tokens; to be called right after an `admit` that said go, in the same turn of the event loop. */
  start(lane: Lane, nowMs: number, asked?: number): Permit {
    const probe = this.#phase.kind === 'probing';
    if (this.#pause.untilMs > nowMs || (probe && this.#probe.inFlight)) throw notAdmitted(this.state(nowMs).kind);
    const cost = this.#allowance.costOf(asked);
    if (!this.#allowance.take(lane, { cost, probe }, nowMs)) throw notAdmitted('out of tokens');
    if (probe) this.#probe.inFlight = true;
    this.#inFlight += 1;
    this.#calls += 1;
    if (lane !== 'now') this.#inFlightBackground += 1;
    this.#seq += 1;
    this.#open.set(this.#seq, nowMs);
    return openPermit({ epoch: this.#pause.epoch, probe, lane, startedAtMs: nowMs, seq: this.#seq, cost });
  }

  /** The bytes of this call leave now: from here on it counts. Not told: it counts from its start. */
  left(permit: Permit, nowMs: number): void {
    if (!leavePermit(permit)) return;
    this.#allowance.left(permit.cost, nowMs);
    if (this.#open.has(permit.seq)) this.#open.set(permit.seq, nowMs);
  }

  /** Its slot is free; and what it came to is learned, unless that was heard already. */
  settle(permit: Permit, outcome: GateOutcome, nowMs: number): GateChange {
    const isNews = hearPermit(permit);
    if (!closePermit(permit)) return NONE;
    this.#inFlight -= 1;
    if (permit.lane !== 'now') this.#inFlightBackground -= 1;
    return isNews ? this.#learn(permit, outcome, nowMs) : NONE;
  }

  /** What it came to is known, while its slot stays taken: the body of its answer flows on. */
  hear(permit: Permit, outcome: GateOutcome, nowMs: number): GateChange {
    return hearPermit(permit) ? this.#learn(permit, outcome, nowMs) : NONE;
  }

  #learn(permit: Permit, outcome: GateOutcome, nowMs: number): GateChange {
    this.left(permit, permit.startedAtMs);
    const leftAtMs = this.#open.get(permit.seq) ?? permit.startedAtMs;
    this.#open.delete(permit.seq);
    if (permit.probe) this.#probe.inFlight = false;
    this.#advance(nowMs);
    switch (outcome.kind) {
      case 'throttled':
        return this.#throttled(permit, outcome, nowMs);
      case 'answered':
        if (outcome.cost !== undefined) this.#allowance.giveBack(permit, { cost: outcome.cost, leftAtMs }, nowMs);
        return this.#answered(permit, outcome.announcement, nowMs);
      case 'failed':
      case 'abandoned':
        if (permit.probe) this.#probe.saidNothing(outcome.kind === 'failed', nowMs, this.#chance());
        return NONE;
    }
  }

  /** By hand. Extends like any other pause; `resume` is what ends one early. */
  pause(untilMs: number, reason: string, nowMs: number): GateChange {
    if (!this.#pause.extend(untilMs, undefined, reason, nowMs) || untilMs <= nowMs) return NONE;
    return this.#paused(false);
  }

  /** By hand: the pause ends now, and a probe finds out whether the upstream agrees. */
  resume(nowMs: number): GateChange {
    if (this.#pause.untilMs <= nowMs) return NONE;
    this.#pause.untilMs = nowMs;
    this.#pause.quotaResetAtMs = undefined;
    this.#probe.allow();
    return { kind: 'probing' };
  }

  state(nowMs: number): GateState {
    const { untilMs, quotaResetAtMs, reason } = this.#pause;
    if (untilMs > nowMs) return { kind: 'paused', untilMs, quotaResetAtMs, reason };
    const phase = this.#phase;
    if (phase.kind === 'probing') return { kind: 'probing', inFlight: this.#probe.inFlight };
    if (phase.kind === 'ramping' && nowMs - phase.sinceMs < RAMP_MS) return phase;
    return { kind: 'flowing' };
  }

  pausedUntil(nowMs: number): number | undefined {
    return this.#pause.untilMs > nowMs ? this.#pause.untilMs : undefined;
  }

  /** For every turn of the loop. */
  get inFlightBackground(): number {
    return this.#inFlightBackground;
  }

  get counters(): { calls: number; throttles: number; inFlight: number; inFlightBackground: number } {
    return {
      calls: this.#calls,
      throttles: this.#throttles,
      inFlight: this.#inFlight,
      inFlightBackground: this.#inFlightBackground,
    };
  }

  get learned(): Learned | undefined {
    return this.#allowance.learned;
  }

  /** Whole tokens that are free now in all windows; undefined when none is configured. */
  tokens(nowMs: number): number | undefined {
    return this.#allowance.tokens(nowMs);
  }

  setSpread(spreadMs: number, nowMs: number): void {
    this.#allowance.setSpread(spreadMs, nowMs);
  }

  /** Background calls per second that can be sent from here on: the scheduler's budget. 0 while nothing flows. */
  rate(nowMs: number): number {
    const { kind } = this.state(nowMs);
    if (kind === 'paused' || kind === 'probing') return 0;
    return this.#allowance.backgroundPerSecond(nowMs);
  }

  snapshot(nowMs: number): ScopeRecord {
    this.#advance(nowMs);
    return {
      savedAtMs: nowMs,
      epoch: this.#pause.epoch,
      phase: this.#phase.kind,
      pausedUntilMs: this.#pause.untilMs,
      quotaResetAtMs: this.#pause.quotaResetAtMs ?? null,
      reason: this.#pause.reason,
      episodes: this.#pause.episodes,
      lastWaitMs: this.#pause.lastWaitMs,
      ...this.#allowance.record(nowMs),
      calls: this.#calls,
      throttles: this.#throttles,
    };
  }

  /**
   * Continues what another holder wrote, before the first call. Not clean: what may have been sent beyond the record is spent too (all, where
   * nobody knows), and the first call is a probe.
   */
  restore(record: ScopeRecord | undefined, how: TakeOver, nowMs: number): void {
    const shiftMs = record === undefined ? 0 : shiftOf(record, how.elapsedMs, nowMs);
    this.#allowance.restore(record, { ...how, shiftMs }, nowMs);
    if (record !== undefined) this.#adopt(record, shiftMs, nowMs);
    const probes = !how.clean || record?.phase === 'probing' || this.#pause.untilMs > nowMs;
    if (probes) this.#phase = { kind: 'probing' };
    else if (record?.phase === 'ramping') this.#ramp(nowMs);
    else this.#phase = { kind: 'flowing', sinceMs: nowMs };
  }

  /** Another writer's record can only raise a pause, by maximum. */
  merge(record: ScopeRecord, nowMs: number): GateChange {
    if (isOlder(this.#pause.epoch, record.epoch)) this.#pause.epoch = record.epoch;
    this.#pause.episodes = Math.max(this.#pause.episodes, record.episodes);
    const reset = record.quotaResetAtMs ?? undefined;
    if (!this.#pause.extend(record.pausedUntilMs, reset, record.reason, nowMs)) return NONE;
    return this.#pause.untilMs > nowMs ? this.#paused(false) : NONE;
  }

  #admitProbe(cost: number | undefined, nowMs: number): GateAdmission {
    if (this.#probe.inFlight) return PROBE_IN_FLIGHT;
    if (this.#probe.nextAtMs > nowMs) return { kind: 'wait', untilMs: this.#probe.nextAtMs, reason: 'probe-backoff' };
    if (this.#inFlight >= this.#allowance.concurrency) return NO_SLOT;
    return this.#allowance.refusalByTokens(cost, nowMs) ?? GO_AS_PROBE;
  }

  #throttled(permit: Permit, throttled: ThrottledAnswer, nowMs: number): GateChange {
    this.#throttles += 1;
    const { extended, escalated } = this.#pause.throttled(permit.epoch, throttled, nowMs, this.#chance());
    const { announcement, waitMs, resetAtMs } = throttled;
    const endAtMs = waitMs === undefined ? resetAtMs : nowMs + waitMs;
    const first = escalated && !permit.probe;
    this.#allowance.throttled(permit, { announcement, inFlight: this.#open, endAtMs, first }, nowMs);
    return extended || escalated ? this.#paused(escalated) : NONE;
  }

  #answered(permit: Permit, announcement: Announcement | undefined, nowMs: number): GateChange {
    this.#allowance.answered(permit, announcement, this.#open, nowMs);
    if (permit.probe) return this.#probeAnswered(permit, nowMs);
    const { episodes, lastWaitMs } = this.#pause;
    if (episodes > 0 && this.#phase.kind === 'flowing') {
      if (nowMs - this.#phase.sinceMs >= Math.max(2 * lastWaitMs, FORGIVEN_AFTER_MS)) this.#pause.episodes = 0;
      // A ramp was borne that took longer than the pause: the next throttle is one of the rate, and no longer wait would have kept it away.
      else if (lastWaitMs <= RAMP_MS) this.#pause.episodes = 1;
    }
    return NONE;
  }

  // A straggler may have extended the pause while the probe was on its way: then the pause stands, and ends in a probe of its own.
  #probeAnswered(permit: Permit, nowMs: number): GateChange {
    if (this.#pause.untilMs > nowMs || this.#phase.kind !== 'probing') return NONE;
    if (isOlder(permit.epoch, this.#pause.epoch)) return NONE;
    this.#ramp(nowMs);
    return { kind: 'resumed' };
  }

  #ramp(nowMs: number): void {
    this.#phase = { kind: 'ramping', sinceMs: nowMs };
    this.#probe.allow();
    this.#allowance.ramp(nowMs);
  }

  #paused(escalated: boolean): GateChange {
    this.#phase = { kind: 'probing' };
    this.#probe.allow();
    const { untilMs, quotaResetAtMs, reason } = this.#pause;
    return { kind: 'paused', untilMs, quotaResetAtMs, reason, escalated };
  }

  #advance(nowMs: number): void {
    if (this.#phase.kind !== 'ramping' || nowMs - this.#phase.sinceMs < RAMP_MS) return;
    this.#phase = { kind: 'flowing', sinceMs: this.#phase.sinceMs + RAMP_MS };
  }

  #adopt(record: ScopeRecord, shiftMs: number, nowMs: number): void {
    const reset = record.quotaResetAtMs === null ? undefined : record.quotaResetAtMs + shiftMs;
    this.#pause.extend(record.pausedUntilMs + shiftMs, reset, record.reason, nowMs);
    if (isOlder(this.#pause.epoch, record.epoch)) this.#pause.epoch = record.epoch;
    this.#pause.episodes = record.episodes;
    this.#pause.lastWaitMs = record.lastWaitMs;
    this.#calls = record.calls;
    this.#throttles = record.throttles;
  }
}

/** What is to be added to a record's times to read them on our clock. */
function shiftOf(record: ScopeRecord, elapsedMs: number | undefined, nowMs: number): number {
  return elapsedMs === undefined ? 0 : nowMs - elapsedMs - record.savedAtMs;
}

export function createGate(config: GateConfig, chance: () => number): Gate {
  return new Gate(config, chance);
}
