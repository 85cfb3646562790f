import { declareBuckets, LEASE_RENEW_MS, LEASE_TTL_MS, leaseKeys, type AppName } from '#contracts';
import { encodeValue } from './bucket-record.js';
import { keySubject, listKeys } from './bucket-watch.js';
import type { Bus, BusClock } from './connection.js';
import { within } from './within.js';

export interface MembersOptions {
  readonly bus: Bus;
  readonly app: AppName;
  /** Of this process, told from all others of its app: [A-Za-z0-9_-]. */
  readonly id: string;
  readonly clock: BusClock;
}

export interface Membership {
  readonly id: string;
  /** False: others may have dropped us, and no longer wait for our word. */
  isCurrent(withinMs: number): boolean;
  lastRenewedAgoMs(): number;
  /** Deletes the key: the others see us go at once. */
  leave(): Promise<void>;
}

export interface MemberList {
  list(): readonly string[];
  /** The list, once it has been the same for as long as `quietMs`; until then null. */
  steady(quietMs?: number): readonly string[] | null;
  has(id: string): boolean;
  onChanged(listener: () => void): () => void;
  /** Settled once those who were there have been heard of. */
  readonly ready: Promise<void>;
  close(): void;
}

const STEADY_AFTER_MS = 3_000;
const SWEEP_EVERY_MS = 250;
const RENEW_TIMEOUT_MS = 900;

/** Makes this process a member of its app for as long as it renews its key, which it does every second. */
export async function joinMembers(options: MembersOptions): Promise<Membership> {
  if (!/^[A-Za-z0-9_-]+$/.test(options.id))
    throw new Error(`a member's id: expected [A-Za-z0-9_-]+, found ${options.id}`);
  const member = new Member(options);
  await member.renew();
  return member;
}

class Member implements Membership {
  readonly id: string;
  private renewedAtMs = -Infinity;
  private readonly timer = setInterval(() => void this.renew(), LEASE_RENEW_MS);
  private readonly forgetReconnects: () => void;

  constructor(private readonly options: MembersOptions) {
    this.id = options.id;
    this.forgetReconnects = options.bus.onReconnected(() => this.renew());
  }

  isCurrent(withinMs: number): boolean {
    return this.lastRenewedAgoMs() < withinMs;
  }

  lastRenewedAgoMs(): number {
    return this.options.clock.now() - this.renewedAtMs;
  }

  async renew(): Promise<void> {
    const { bus, app, id, clock } = this.options;
    if (!bus.connected()) return;
    const sentAtMs = clock.now();
    try {
      await within(RENEW_TIMEOUT_MS, bus.leases.put(leaseKeys.member(app, id), encodeValue({ app, id })));
      this.renewedAtMs = Math.max(this.renewedAtMs, sentAtMs);
    } catch (error) {
      bus.logger.debug({ app, id, reason: String(error) }, 'could not renew the membership');
    }
  }

  async leave(): Promise<void> {
    const { bus, app, id } = this.options;
    clearInterval(this.timer);
    this.forgetReconnects();
    this.renewedAtMs = -Infinity;
    if (!bus.connected()) return;
    await within(RENEW_TIMEOUT_MS, bus.leases.delete(leaseKeys.member(app, id))).catch((error: unknown) =>
      bus.logger.debug({ app, id, reason: String(error) }, 'could not delete the membership, its time will run out'),
    );
  }
}

/** Follows who is a member of an app: everyone whose renewal was heard within the last lease ttl. */
export function watchMembers(options: { bus: Bus; app: AppName; clock: BusClock }): MemberList {
  return new HeardMembers(options);
}

/**
 * Every renewal is a message on the key's subject. Members stop trusting themselves before the ttl has passed since they *sent* a renewal;
 * we drop them when it has passed since we *heard* one: so nobody is dropped who still counts on being waited for.
 * While we are away ourselves we hear nobody, and drop nobody: after the reconnect each has one ttl to be heard again.
 */
class HeardMembers implements MemberList {
  readonly ready: Promise<void>;
  private readonly heardAtMs = new Map<string, number>();
  private readonly listeners = new Set<() => void>();
  private readonly closers: (() => void)[];
  private changedAtMs: number;

  constructor(private readonly options: { bus: Bus; app: AppName; clock: BusClock }) {
    this.changedAtMs = options.clock.now();
    const { bus, app } = options;
    const subscription = bus.nc.subscribe(keySubject(this.bucket(), leaseKeys.members(app)), {
      callback: (_, message) => this.heard(memberOf(message.subject), message.headers?.get('KV-Operation') ?? ''),
    });
    const sweep = setInterval(() => this.sweep(), SWEEP_EVERY_MS);
    this.closers = [
      () => subscription.unsubscribe(),
      () => clearInterval(sweep),
      bus.onReconnected(() => this.giveAllOneTtl()),
    ];
    this.ready = this.readThoseThere();
  }

  list(): readonly string[] {
    return [...this.heardAtMs.keys()].sort();
  }

  steady(quietMs = STEADY_AFTER_MS): readonly string[] | null {
    return this.options.bus.connected() && this.options.clock.now() - this.changedAtMs >= quietMs ? this.list() : null;
  }

  has(id: string): boolean {
    return this.heardAtMs.has(id);
  }

  onChanged(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    for (const close of this.closers) close();
  }

  private bucket(): string {
    return declareBuckets(this.options.bus.subjects).leases.name;
  }

  private async readThoseThere(): Promise<void> {
    const { bus, app, clock } = this.options;
    const keys = await listKeys(bus, this.bucket(), leaseKeys.members(app));
    for (const key of keys) {
      const entry = await bus.leases.get(key);
      if (entry?.operation === 'PUT' && !this.heardAtMs.has(memberOf(key))) this.add(memberOf(key), clock.now());
    }
  }

  private heard(id: string, operation: string): void {
    if (operation !== '') this.drop(id);
    else this.add(id, this.options.clock.now());
  }

  private add(id: string, atMs: number): void {
    const isNew = !this.heardAtMs.has(id);
    this.heardAtMs.set(id, atMs);
    if (isNew) this.changed();
  }

  private drop(id: string): void {
    if (this.heardAtMs.delete(id)) this.changed();
  }

  private sweep(): void {
    if (!this.options.bus.connected()) return;
    const oldestMs = this.options.clock.now() - LEASE_TTL_MS;
    for (const [id, atMs] of this.heardAtMs) if (atMs < oldestMs) this.drop(id);
  }

  private giveAllOneTtl(): void {
    const nowMs = this.options.clock.now();
    for (const id of this.heardAtMs.keys()) this.heardAtMs.set(id, nowMs);
    this.changedAtMs = nowMs;
  }

  private changed(): void {
    this.changedAtMs = this.options.clock.now();
    for (const listener of this.listeners) listener();
  }
}

/** Of a key or a subject: both end in it. */
const memberOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1);
