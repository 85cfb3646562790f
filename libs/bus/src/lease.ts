import { setTimeout as delay } from 'node:timers/promises';
import { nuid } from '@nats-io/nats-core';
import { declareBuckets, LEASE_MARGIN_MS, LEASE_RENEW_MS, LEASE_TTL_MS } from '#contracts';
import { Bell } from './bell.js';
import { isOvertaken, readKey, writeKey } from './bucket-record.js';
import { keySubject } from './bucket-watch.js';
import type { Bus, BusClock } from './connection.js';
import { isNobodyThere, isStreamNotFound } from './faults.js';
import { LeaseEpoch } from './lease-epoch.js';
import type { LeaseRecord } from './lease-record.js';
import { LeaseTurn } from './lease-turn.js';
import { rightfulHolder } from './rendezvous.js';
import { within } from './within.js';

/** `not-taken-up`: `onHeld` failed. */
export type LeaseEnd = 'released' | 'handed-over' | 'taken' | 'gone' | 'expired' | 'not-taken-up';

/** A lease that was just taken. */
export interface LeaseTaken {
  /** The bucket was found new: what `scopes` held may be lost too, and must be filled from elsewhere. */
  readonly bucketWasNew: boolean;
}

export interface LeaseHeld {
  readonly fence: number;
  /** The server's timestamp of the lease: elapsed time is its difference from the scope's, never from a clock of ours. */
  readonly storedAtMs: number;
  /** When that was read, by our own clock: the lease was ours by then. */
  readonly heardAtMs: number;
}

export interface LeaseKeeperOptions {
  readonly bus: Bus;
  readonly key: string;
  /** The name under which this process is a member of its app. */
  readonly holder: string;
  /** The process's own clock, which must never be moved by a step of the system's. */
  readonly clock: BusClock;
  /** 1 + the highest fence known, already written to wherever the next holder will look. */
  nextFence(taken: LeaseTaken): Promise<number>;
  onHeld(held: LeaseHeld): Promise<void> | void;
  /** `released` and `handed-over`: still ours until this returns, so that what the next holder needs can be written. Else it is over already. */
  onEnded(end: LeaseEnd, fence: number): Promise<void> | void;
  /** The members of this app, once that list has been quiet for a while; null until then. Absent: never hands over. */
  steadyMembers?(): readonly string[] | null;
}

export type LeaseState =
  | { readonly kind: 'standing-by'; readonly notBeforeMs: number }
  | { readonly kind: 'settling'; readonly validUntilMs: number; readonly fence: number | null }
  | { readonly kind: 'holding'; readonly validUntilMs: number; readonly fence: number; readonly sinceMs: number }
  | { readonly kind: 'leaving'; readonly validUntilMs: number; readonly fence: number }
  | { readonly kind: 'giving-back' }
  | { readonly kind: 'lost'; readonly end: LeaseEnd }
  | { readonly kind: 'released' };

export interface LeaseKeeper {
  state(): LeaseState;
  /** Asked in the same tick as each send: after a stall our own clock says no before the process does anything else. */
  valid(): boolean;
  /** Null unless valid. */
  fence(): number | null;
  /** Hands over at once (stand-bys see the key gone) and never takes it again. */
  release(): Promise<void>;
}

const TRY_EVERY_MS = 250;
/** A write is heard of a little before it is stored. */
const LOOK_AFTER_HINT_MS = 10;
const RETRY_RENEWAL_MS = 200;
const REQUEST_TIMEOUT_MS = 900;
const SETTLE_WITHIN_MS = 10_000;
/** After handing over or failing to settle, others go first. */
const STAND_BACK_MS = 2_000;
const HOLD_AT_LEAST_MS = 3_000;

export function createLeaseKeeper(options: LeaseKeeperOptions): LeaseKeeper {
  const keeper = new BucketLease(options);
  keeper.start();
  return keeper;
}

/**
 * One key of bucket `leases`, whose keys live for 3 s after their last write.
 *
 * - standing-by: looks at the key at each write to it and every 250 ms, since the end of a key's time is told by nobody. Free (and ours by
 *   right, or left lying), or silent for its ttl by our own clock → writes it → settling.
 * - settling: the key is ours and renewed, with no fence in it. When `nextFence` has answered, the next renewal writes the fence
 *   → holding. Failed → giving-back.
 * - holding: renewed every second. Counts from the moment before the renewal was sent, for the ttl less a margin. Not renewed in time, or
 *   another's revision found, or `onHeld` failed → lost. Another member should hold it, or `release()` → leaving.
 * - leaving: no longer valid, still renewed, until `onEnded` has returned → giving-back.
 * - giving-back: the key is deleted → standing-by, or released.
 * - lost: until `onEnded` has returned → standing-by.
 * - released: the end, after `release()`.
 */
class BucketLease implements LeaseKeeper {
  private current: LeaseState = { kind: 'standing-by', notBeforeMs: 0 };
  private revision = 0;
  private releasing = false;
  private readonly session = nuid.next();
  private readonly bell = new Bell();
  private readonly epoch: LeaseEpoch;
  private readonly turn: LeaseTurn;
  private readonly closers: (() => void)[];
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: LeaseKeeperOptions) {
    this.epoch = new LeaseEpoch(options.bus, options.clock);
    this.turn = new LeaseTurn({ ...options, session: this.session });
    const reconnected = (): void => {
      this.epoch.doubt();
      this.bell.ring();
    };
    this.closers = [options.bus.onReconnected(reconnected), this.hearWrites()];
  }

  start(): void {
    this.running = this.run();
  }

  state(): LeaseState {
    return this.current;
  }

  valid(): boolean {
    return this.current.kind === 'holding' && this.options.clock.now() < this.current.validUntilMs;
  }

  fence(): number | null {
    return this.current.kind === 'holding' && this.valid() ? this.current.fence : null;
  }

  async release(): Promise<void> {
    this.releasing = true;
    this.bell.ring();
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.current.kind !== 'released') {
      const waitMs = await this.step().catch((error: unknown) => this.recover(error));
      await this.bell.wait(waitMs);
    }
    for (const close of this.closers) close();
  }

  private hearWrites(): () => void {
    const { bus, key } = this.options;
    const callback = (): void => {
      if (this.current.kind === 'standing-by') setTimeout(() => this.bell.ring(), LOOK_AFTER_HINT_MS);
    };
    const subject = keySubject(declareBuckets(bus.subjects).leases.name, key);
    const subscription = bus.nc.subscribe(subject, { callback });
    return () => subscription.unsubscribe();
  }

  /** @returns how long to wait until the next. */
  private async step(): Promise<number> {
    switch (this.current.kind) {
      case 'standing-by':
        return this.standBy(this.current.notBeforeMs);
      case 'settling':
      case 'holding':
      case 'leaving':
        return this.keep(this.current);
      case 'giving-back':
        return this.giveBack();
      case 'lost':
        return RETRY_RENEWAL_MS;
      case 'released':
        return 0;
    }
  }

  /** Whatever went wrong with the server, the lease's own end is watched by the clock. */
  private async recover(error: unknown): Promise<number> {
    const { bus, key } = this.options;
    bus.logger.debug({ key, reason: String(error) }, 'could not reach the bucket of leases');
    if (isStreamNotFound(error) || isNobodyThere(error)) {
      this.epoch.doubt();
      if (bus.connected()) await Promise.race([bus.provisionAgain(), delay(REQUEST_TIMEOUT_MS)]);
    }
    return this.current.kind === 'standing-by' ? TRY_EVERY_MS : RETRY_RENEWAL_MS;
  }

  private async standBy(notBeforeMs: number): Promise<number> {
    if (this.releasing) this.current = { kind: 'released' };
    else if (this.options.clock.now() >= notBeforeMs && this.options.bus.connected()) return this.tryToTake();
    return this.current.kind === 'standing-by' ? TRY_EVERY_MS : 0;
  }

  /** @returns when to look again. */
  private async tryToTake(): Promise<number> {
    const { bus, key, clock } = this.options;
    if (!(await this.epoch.allowsTaking())) return TRY_EVERY_MS;
    const found = await readKey<LeaseRecord>(bus.leases, key);
    const leftMs = this.turn.leftMs(found, clock.now());
    if (leftMs > 0) return Math.min(TRY_EVERY_MS, Math.ceil(leftMs));
    const sentAtMs = clock.now();
    if (!(await this.write(null, found.revision))) return TRY_EVERY_MS;
    this.current = { kind: 'settling', fence: null, validUntilMs: validUntil(sentAtMs) };
    void this.settle();
    return 0;
  }

  private async settle(): Promise<void> {
    const fence = await this.findFence();
    if (this.current.kind !== 'settling') return;
    this.current = fence === null ? { kind: 'giving-back' } : { ...this.current, fence };
    this.bell.ring();
  }

  private async findFence(): Promise<number | null> {
    const { bus, key, nextFence } = this.options;
    try {
      return await within(SETTLE_WITHIN_MS, nextFence({ bucketWasNew: this.epoch.takeNews() }));
    } catch (error) {
      bus.logger.warn({ key, reason: String(error) }, 'took a lease but found no fence, giving it back');
      return null;
    }
  }

  private async keep(state: LeaseState & { kind: 'settling' | 'holding' | 'leaving' }): Promise<number> {
    if (this.options.clock.now() >= state.validUntilMs) return this.lose('expired');
    if (state.kind !== 'leaving' && this.mustLeave(state)) return this.leave(state);
    if (!this.options.bus.connected()) return RETRY_RENEWAL_MS;
    return this.renew(state.fence);
  }

  private async renew(fence: number | null): Promise<number> {
    const sentAtMs = this.options.clock.now();
    if (!(await this.write(fence, this.revision))) return this.findOutWhy();
    this.extend(validUntil(sentAtMs));
    if (this.current.kind === 'settling' && this.current.fence === null) return LEASE_RENEW_MS;
    if (this.current.kind === 'settling' && fence !== null) await this.startHolding(fence);
    return Math.max(0, sentAtMs + LEASE_RENEW_MS - this.options.clock.now());
  }

  /** A stall during the renewal is seen by `valid`, and by the next step. */
  private extend(validUntilMs: number): void {
    const state = this.current;
    if (state.kind === 'settling' || state.kind === 'holding' || state.kind === 'leaving')
      this.current = { ...state, validUntilMs };
  }

  private async startHolding(fence: number): Promise<void> {
    const { bus, key, clock, onHeld } = this.options;
    const found = await readKey<LeaseRecord>(bus.leases, key);
    const heardAtMs = clock.now();
    if (this.current.kind !== 'settling' || found.kind === 'absent' || found.value.session !== this.session) return;
    this.current = { kind: 'holding', fence, validUntilMs: this.current.validUntilMs, sinceMs: heardAtMs };
    bus.logger.info({ key, fence }, 'holds the lease');
    void this.guarded(() => onHeld({ fence, storedAtMs: found.storedAtMs, heardAtMs })).then((done) =>
      this.takenUp(done, fence),
    );
  }

  /** A lease that is renewed and not lived up to would keep everyone else from it. */
  private async takenUp(done: boolean, fence: number): Promise<void> {
    if (done || this.current.kind !== 'holding' || this.current.fence !== fence) return;
    await this.lose('not-taken-up');
    this.bell.ring();
  }

  /** Refused: either an earlier renewal was stored and its answer lost, or the lease is somebody else's. */
  private async findOutWhy(): Promise<number> {
    const found = await readKey<LeaseRecord>(this.options.bus.leases, this.options.key);
    if (found.kind === 'absent') return this.lose('gone');
    if (found.value.session !== this.session) return this.lose('taken');
    this.revision = found.revision;
    return 0;
  }

  private mustLeave(state: LeaseState & { kind: 'settling' | 'holding' }): boolean {
    if (this.releasing) return true;
    if (state.kind === 'settling' || this.options.clock.now() < state.sinceMs + HOLD_AT_LEAST_MS) return false;
    const { key, holder, steadyMembers } = this.options;
    const members = steadyMembers?.() ?? null;
    return members !== null && members.includes(holder) && rightfulHolder(key, members) !== holder;
  }

  private leave(state: LeaseState & { kind: 'settling' | 'holding' }): number {
    const { onEnded } = this.options;
    if (state.kind === 'settling') this.current = { kind: 'giving-back' };
    if (state.kind === 'settling') return 0;
    const { fence, validUntilMs } = state;
    this.current = { kind: 'leaving', fence, validUntilMs };
    void this.guarded(() => onEnded(this.releasing ? 'released' : 'handed-over', fence)).then(() => {
      if (this.current.kind === 'leaving') this.current = { kind: 'giving-back' };
      this.bell.ring();
    });
    return 0;
  }

  private async giveBack(): Promise<number> {
    const { bus, key, clock } = this.options;
    try {
      await bus.leases.delete(key, { previousSeq: this.revision });
    } catch (error) {
      bus.logger.debug({ key, reason: String(error) }, 'could not delete the lease, its time will run out');
    }
    this.current = { kind: 'standing-by', notBeforeMs: clock.now() + STAND_BACK_MS };
    return 0;
  }

  private async lose(end: LeaseEnd): Promise<number> {
    const { bus, key, clock, onEnded } = this.options;
    const state = this.current;
    this.current = { kind: 'lost', end };
    if (state.kind === 'holding') {
      bus.logger.warn({ key, fence: state.fence, end }, 'lost the lease');
      await this.guarded(() => onEnded(end, state.fence));
    }
    const othersFirstMs = end === 'not-taken-up' ? STAND_BACK_MS : 0;
    this.current = { kind: 'standing-by', notBeforeMs: clock.now() + othersFirstMs };
    return 0;
  }

  /** @returns false when somebody else wrote the key first. */
  private async write(fence: number | null, seenRevision: number): Promise<boolean> {
    const { bus, key, holder } = this.options;
    const record: LeaseRecord = { holder, session: this.session, fence, at: new Date(bus.clock.now()).toISOString() };
    try {
      this.revision = await within(REQUEST_TIMEOUT_MS, writeKey(bus.leases, key, record, seenRevision));
      return true;
    } catch (error) {
      if (isOvertaken(error)) return false;
      throw error;
    }
  }

  /** @returns whether it went well. */
  private async guarded(call: () => Promise<void> | void): Promise<boolean> {
    try {
      await call();
      return true;
    } catch (error) {
      this.options.bus.logger.error({ key: this.options.key, error }, 'what follows from a lease failed');
      return false;
    }
  }
}

const validUntil = (sentAtMs: number): number => sentAtMs + LEASE_TTL_MS - LEASE_MARGIN_MS;
