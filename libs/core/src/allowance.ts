import { BackgroundShare } from './background-share.js';
import type { Announcement } from './announcement.js';
import type { GateAdmission, GateConfig, Learned, LearnedRecord, Permit, TakeOver } from './gate-types.js';
import { NowDemand } from './now-demand.js';
import { Pace } from './pace.js';
import type { Refusal } from './ceiling-refused.js';
import type { Lane } from './priority.js';
import { Spread } from './spread.js';
import { Windows, type WindowRecord } from './windows.js';

const ONE_SECOND_MS = 1_000;
const NO_SLOT_BEYOND_RESERVE: GateAdmission = { kind: 'wait', untilMs: undefined, reason: 'reserve' };
/** The memory of what calls cost, in calls. */
const COST_MEMORY = 20;
/** A throttle at less than this part of each window was not foreseeable by the windows. */
const FULL = 0.93;

/** One call that asks. `cost` undefined: what calls have cost so far. */
export interface Asking {
  readonly lane: Lane;
  readonly cost: number | undefined;
  readonly inFlightBackground: number;
  readonly ramping: boolean;
}

/**
 * What may be spent: the windows (configured, or declared by the upstream), the pace on top of them, the reserve of lane now and the floor of
 * the background. It knows nothing of pauses; the gate does.
 */
export class Allowance {
  readonly demand = new NowDemand();
  readonly #config: GateConfig;
  readonly #share: BackgroundShare;
  readonly #spread: Spread;
  readonly #pace: Pace;
  #cost = 1;
  #concurrency: number;

  constructor(config: GateConfig) {
    this.#config = config;
    this.#concurrency = config.concurrency;
    this.#share = new BackgroundShare(config.backgroundFloor);
    this.#spread = new Spread(config.spreadMs, Math.min(...config.windows.map(({ perMs }) => perMs), ONE_SECOND_MS));
    const options = { spreadMs: config.spreadMs, reserveShare: config.reserveShare };
    this.#pace = new Pace(new Windows(config.windows, options), options, config.pause.maxMs);
  }

  turn(nowWaits: boolean, backgroundWaits: boolean): 'now' | 'background' {
    this.#share.seen(backgroundWaits);
    if (!nowWaits) return 'background';
    return backgroundWaits && this.#share.due ? 'background' : 'now';
  }

  /** Undefined: the call may leave. */
  refusal(asking: Asking, nowMs: number): GateAdmission | undefined {
    const cost = this.costOf(asking.cost);
    const paceMs = this.#pace.readyAt(nowMs);
    if (paceMs > nowMs) return { kind: 'wait', untilMs: paceMs, reason: asking.ramping ? 'ramp' : 'tokens' };
    const refused = this.refusalByTokens(asking.cost, nowMs) ?? this.#refusalByAnnouncement(cost, nowMs);
    if (refused !== undefined || asking.lane === 'now') return refused;
    return this.#refusalOfBackground(asking, cost, nowMs);
  }

  /** All that binds a probe. */
  refusalByTokens(asked: number | undefined, nowMs: number): GateAdmission | undefined {
    const cost = this.costOf(asked);
    if (this.#windows.available(nowMs) >= cost) return undefined;
    return { kind: 'wait', untilMs: this.#windows.nextAvailableAt(nowMs, cost), reason: 'tokens' };
  }

  /** Pays for a call; false, and nothing is paid, when the windows have no room. */
  take(lane: Lane, paying: { cost: number; probe: boolean }, nowMs: number): boolean {
    const background = lane !== 'now';
    if (!this.#windows.take(nowMs, paying.cost, background && !paying.probe)) return false;
    if (!background) this.demand.arrived(nowMs);
    this.#share.started(background);
    this.#pace.spend(background, paying.cost, nowMs);
    return true;
  }

  /** What a call is charged at its start: as configured, else what calls have cost so far; never more than the windows can hold. */
  costOf(asked: number | undefined): number {
    return Math.min(Math.max(1, asked ?? this.#cost), this.#windows.largestCost);
  }

  left(cost: number, nowMs: number): void {
    this.#windows.left(nowMs, cost);
  }

  answered(
    permit: Permit,
    announcement: Announcement | undefined,
    inFlight: ReadonlyMap<number, number>,
    nowMs: number,
  ): void {
    this.demand.answered(nowMs - permit.startedAtMs);
    if (announcement !== undefined) this.#told(permit, announcement, { inFlight, throttled: false }, nowMs);
    const spreadMs = this.#spread.relaxed(nowMs);
    if (spreadMs !== undefined) this.#windows.setSpread(spreadMs, nowMs);
  }

  /** `first`: of an episode, and not of a probe, which says that it was too early and not that the rate was too high. */
  throttled(
    permit: Permit,
    told: {
      announcement: Announcement | undefined;
      inFlight: ReadonlyMap<number, number>;
      endAtMs: number | undefined;
      first: boolean;
    },
    nowMs: number,
  ): void {
    this.#pace.refused(permit.startedAtMs, permit.cost);
    if (told.announcement !== undefined) {
      this.#told(permit, told.announcement, { inFlight: told.inFlight, throttled: true }, nowMs);
    }
    if (permit.probe) this.#pace.refusedAgain();
    if (!told.first) return;
    const refusal: Refusal = { sentAtMs: permit.startedAtMs, endAtMs: told.endAtMs, nowMs };
    // Full windows and a throttle all the same: the way there varies by more than was assumed. Else the limit is lower than we think.
    const isWay = this.#pace.throttled(refusal, FULL);
    this.#windows.setSpread(isWay ? this.#spread.throttled(nowMs) : this.#spread.acquitted(), nowMs);
  }

  /** Its price hangs on its answer, and proved lower than what it was charged. */
  giveBack(permit: Permit, { cost, leftAtMs }: { cost: number; leftAtMs: number }, nowMs: number): void {
    const { startedAtMs, lane } = permit;
    const tokens = Math.floor(permit.cost - cost);
    if (tokens > 0) this.#pace.giveBack({ tokens, startedAtMs, leftAtMs, background: lane !== 'now' }, nowMs);
  }

  ramp(nowMs: number): void {
    this.#pace.ramp(nowMs);
  }

  /** As configured, or less where the upstream says so. */
  get concurrency(): number {
    return this.#concurrency;
  }

  slotsKept(nowMs: number): number {
    return this.demand.slotsKept(this.#reserveShare, this.#concurrency, nowMs);
  }

  /** Background calls per second that can be sent from here on. */
  backgroundPerSecond(nowMs: number): number {
    const quota = this.#pace.sustainedPerSecond(nowMs);
    const left = Math.max(quota - this.demand.perSecond(nowMs), quota * this.#config.backgroundFloor);
    return Math.min(left, this.demand.perSecondBySlots({ ...this.#config, concurrency: this.#concurrency }, nowMs));
  }

  tokens(nowMs: number): number | undefined {
    return this.#windows.configured ? Math.floor(this.#windows.available(nowMs)) : undefined;
  }

  setSpread(spreadMs: number, nowMs: number): void {
    this.#windows.setSpread(spreadMs, nowMs);
  }

  get learned(): Learned | undefined {
    return this.#pace.learned;
  }

  record(nowMs: number): { learned: LearnedRecord | null; windows: WindowRecord[] } {
    return { learned: this.#pace.record ?? null, windows: this.#windows.snapshot(nowMs) };
  }

  /** What was learned comes first: windows that the upstream declared are to be there when their records are read. */
  restore(
    record: { learned: LearnedRecord | null; windows: readonly WindowRecord[]; savedAtMs: number } | undefined,
    how: TakeOver & { shiftMs: number },
    nowMs: number,
  ): void {
    if (record !== undefined) this.#pace.restore(record.learned ?? undefined, nowMs);
    const { clean, unreported, shiftMs } = how;
    if (record === undefined && clean) return;
    const at = { clean, unreported, savedAtMs: record?.savedAtMs, shiftMs };
    this.#windows.restore(record?.windows ?? [], at, nowMs);
  }

  get #windows(): Windows {
    return this.#pace.windows;
  }

  /** What is owed to the background comes out of the reserve: the floor holds against any flood of users. */
  get #reserveShare(): number {
    return this.#share.due ? 0 : this.#config.reserveShare;
  }

  #refusalByAnnouncement(cost: number, nowMs: number): GateAdmission | undefined {
    const untilMs = this.#pace.exhaustedUntil(cost, nowMs);
    return untilMs === undefined ? undefined : { kind: 'wait', untilMs, reason: 'tokens' };
  }

  #refusalOfBackground(asking: Asking, cost: number, nowMs: number): GateAdmission | undefined {
    const paceMs = this.#pace.backgroundReadyAt(nowMs);
    if (paceMs > nowMs) return { kind: 'wait', untilMs: paceMs, reason: 'tokens' };
    if (asking.inFlightBackground >= this.#concurrency - this.slotsKept(nowMs)) return NO_SLOT_BEYOND_RESERVE;
    const reserve = this.demand.reserve(this.#reserveShare, nowMs);
    if (this.#windows.availableBeyond(reserve, nowMs, cost)) return undefined;
    return { kind: 'wait', untilMs: this.#windows.nextBeyondAt(reserve, nowMs, cost), reason: 'reserve' };
  }

  #told(
    permit: Permit,
    announcement: Announcement,
    seen: { inFlight: ReadonlyMap<number, number>; throttled: boolean },
    nowMs: number,
  ): void {
    const { cost, concurrency } = announcement;
    if (concurrency !== undefined && concurrency >= 1) {
      this.#concurrency = Math.min(this.#config.concurrency, Math.floor(concurrency));
    }
    this.#settleCost(permit, cost, nowMs);
    this.#pace.told(announcement, { ...seen, seq: permit.seq, startedAtMs: permit.startedAtMs }, nowMs);
  }

  #settleCost(permit: Permit, cost: number | undefined, nowMs: number): void {
    if (cost === undefined || !(cost >= 0) || cost === Infinity) return;
    this.#cost += (cost - this.#cost) / COST_MEMORY;
    if (cost > permit.cost) this.#windows.charge(nowMs, cost - permit.cost);
    // A vendor that tells what a call did cost gives back what it did not; an exact log forgets nothing.
    else this.#windows.refund(nowMs, permit.cost - cost);
  }
}
