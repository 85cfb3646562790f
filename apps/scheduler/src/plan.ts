import { compareVersions, SHARED_PARTITION } from '#core';
import type { Lane, PriorRates } from '#core';
import type { EventPayloads, LearnedStats, RefreshItem } from '#contracts';
import type { Lead } from './lead.js';
import type { Needs } from './needs.js';
import { PlanParts } from './plan-parts.js';
import { backOffMs, whenDue } from './planned.js';
import type { KnownEntry, StoredTime } from './planned.js';
import { ResourceList } from './resource-list.js';
import type { ResourceTable } from './resource-table.js';
import type { Choice, Turns } from './turns.js';

/** Someone should look whether this is to be fetched again. */
export type Reminder = RefreshItem;

/** The turns of one tick. */
export interface Taken {
  readonly stale: readonly Reminder[];
  readonly due: readonly Reminder[];
  /** Calls' worth of both. */
  readonly cost: number;
}

/** How the plan stands at one moment, for operators. */
export interface PlanFigures {
  readonly knownStale: number;
  /** Of the resources with a maxAge: the share of those whose age is within it; 1 where none has one. */
  readonly withinTarget: number;
  /** What the next call by value is worth: seconds of freshness of an average resource. */
  readonly threshold: number;
}

export type Learned = Pick<LearnedStats, 'keys' | 'changeRates' | 'reads' | 'readsAt' | 'costs'>;
export type StaleMark = Pick<EventPayloads['entry.stale'], 'urlHash' | 'before'>;

type Ended = Pick<EventPayloads['fetch.failed'], 'urlHash' | 'partition' | 'lane'>;
type Answered = Ended & Pick<EventPayloads['fetch.answered'], 'status' | 'version' | 'durationMs'>;
type Dropped = Ended & Pick<EventPayloads['fetch.dropped'], 'reason'>;
type Stored = KnownEntry &
  Pick<EventPayloads['entry.stored'], 'knownStale'> & { readonly partition: string; readonly receivedAt: number };

/** A reminder whose end was never told was lost with something. */
const FORGOTTEN_AFTER_MS = 30_000;
const TRY_AGAIN_AFTER_MS = 500;
const MOST_FAILURES_COUNTED = 255;
const OUR_LANE: Lane = 'later';

/**
 * Which resource is to be looked at, and when: facts move it from stage to stage (see `Turns`). Nothing here is kept: the plan is rebuilt
 * from the store, and asks for that (`doubts`) when a fact does not fit what it knows.
 */
export class RefreshPlan {
  readonly list: ResourceList;
  readonly #parts: PlanParts;
  readonly #table: ResourceTable;
  readonly #turns: Turns;
  readonly #leadMs = (maxAgeMs: number): number => this.lead.leadMs(maxAgeMs);

  /** `timeScale`: see `PlanParts`. */
  constructor(timeScale = 1) {
    this.#parts = new PlanParts(timeScale);
    this.list = new ResourceList(this.#parts);
    this.#table = this.#parts.table;
    this.#turns = this.#parts.turns;
  }

  get lead(): Lead {
    return this.#parts.lead;
  }

  get size(): number {
    return this.#table.size;
  }

  get outstanding(): number {
    return this.#parts.outstanding.size;
  }

  get needs(): Pick<Needs, 'callsPerSecond' | 'costPerSecond' | 'floorsPerSecond'> {
    return this.#parts.needs;
  }

  get knownStale(): number {
    return this.#turns.knownStale;
  }

  /** Whether something newer was stored than what we heard of. */
  get doubts(): boolean {
    return this.#parts.doubted.size > 0;
  }

  /** Those of which something newer is stored: whoever takes them looks. */
  takeDoubted(atMost: number): string[] {
    const slots = [...this.#parts.doubted].slice(0, atMost);
    for (const slot of slots) this.#parts.doubted.delete(slot);
    return slots.map((slot) => this.#table.urlHash(slot));
  }

  doubt(urlHashes: readonly string[]): void {
    for (const urlHash of urlHashes) {
      const slot = this.#table.slotOfUrl(urlHash);
      if (slot !== undefined) this.#parts.doubted.add(slot);
    }
  }

  /** Age over maxAge of the one that waits longest for its turn; 0 when none does. */
  greatestRatio(nowMs: number): number {
    this.#turns.collect(nowMs);
    return this.#turns.greatestRatio(nowMs);
  }

  /** How many are due and have not had their turn. */
  overdue(nowMs: number): number {
    this.#turns.collect(nowMs);
    return this.#turns.overdue;
  }

  /** Looks at all: for whoever asks now and then. */
  figures(nowMs: number): PlanFigures {
    let within = 0;
    for (let slot = 0; slot < this.#table.end; slot += 1) {
      const maxAgeMs = this.#table.maxAgeMs.get(slot);
      if (maxAgeMs > 0 && nowMs - (this.#table.fetchedAtMs(slot) ?? -Infinity) <= maxAgeMs) within += 1;
    }
    const { withTarget } = this.#parts.needs;
    const { knownStale, threshold } = this.#turns;
    return { knownStale, threshold, withinTarget: withTarget === 0 ? 1 : within / withTarget };
  }

  /** How often the upstream's resources are taken to change of which nothing is known; undefined: it has no maxAge either. */
  expectChangeEvery(maxAgeMs: number | undefined): void {
    this.#parts.kinds.expect(maxAgeMs);
    this.#turns.sweepAll();
  }

  learnPriors(priors: PriorRates): void {
    this.#parts.kinds.learn(priors);
    this.#turns.sweepAll();
  }

  /** What the store holds. Older news than what is known already changes nothing. */
  learnEntries(entries: readonly StoredTime[], nowMs: number): void {
    for (const entry of entries) {
      const slot = this.#table.slotOfUrl(entry.urlHash);
      if (slot === undefined) continue;
      const { invalidAtOrBelow, staleAtOrBelow } = entry;
      if (invalidAtOrBelow !== null) this.#table.invalid.raise(slot, invalidAtOrBelow);
      if (staleAtOrBelow !== null) this.#table.stale.raise(slot, staleAtOrBelow);
      const isMarked = invalidAtOrBelow !== null || staleAtOrBelow !== null;
      if (!this.#learn(slot, entry, nowMs) && isMarked) this.#parts.place(slot, nowMs);
    }
  }

  /** How often they change, are read, and what they cost. */
  learnStats({ keys, changeRates, reads, readsAt, costs }: Learned, nowMs: number): void {
    const { needs, demand } = this.#parts;
    for (let i = 0; i < keys.length; i += 1) {
      const slot = this.#table.slotOfKey(keys[i] ?? '');
      if (slot === undefined) continue;
      this.#table.changeRate.set(slot, rateOf(changeRates[i]));
      demand.heard(slot, reads[i] ?? 0, readsAt);
      needs.without(slot);
      this.#table.setCost(slot, costs[i] ?? 1);
      needs.with(slot);
      this.#turns.revalue(slot, nowMs);
    }
  }

  stored(entry: Stored, nowMs: number): void {
    const slot = entry.partition === SHARED_PARTITION ? this.#table.slotOfUrl(entry.urlHash) : undefined;
    if (slot === undefined) return;
    const knownStale = entry.knownStale === true;
    if (knownStale) this.#table.stale.raise(slot, entry.version);
    const isNews = this.#learn(slot, entry, nowMs);
    const left = this.#parts.outstanding.get(slot);
    if (isNews && left !== undefined) left.receivedAtMs = entry.receivedAt;
    if (!isNews && knownStale) this.#parts.place(slot, nowMs);
  }

  invalidated({ urlHash, before }: StaleMark, nowMs: number): void {
    const slot = this.#table.slotOfUrl(urlHash);
    if (slot === undefined) return;
    this.#table.invalid.raise(slot, before);
    if (this.#table.isInvalid(slot)) this.#parts.placeAtOnce(slot, nowMs);
  }

  /** What is stored at or below these is out of date. A mark stays until something newer is stored, whatever becomes of its refresh. */
  markStale(marks: readonly StaleMark[], nowMs: number): void {
    for (const { urlHash, before } of marks) {
      const slot = this.#table.slotOfUrl(urlHash);
      if (slot === undefined) continue;
      this.#table.stale.raise(slot, before);
      if (this.#table.isStale(slot)) this.#parts.placeAtOnce(slot, nowMs);
    }
  }

  removed(keys: readonly string[], nowMs: number): void {
    for (const key of keys) {
      const slot = this.#table.slotOfKey(key);
      if (slot === undefined || this.#table.key(slot) !== key) continue;
      this.#turns.leave(slot);
      this.#table.setVariant(slot, key, '');
      this.#table.requestedAtMs.clear(slot);
      this.#table.version.clear(slot);
      this.#parts.place(slot, nowMs);
    }
  }

  /** What left before `undisturbedSinceMs` was held up, and says nothing of how long the way takes. */
  answered(facts: Answered, nowMs: number, undisturbedSinceMs: number): void {
    const slot = this.#slotOf(facts);
    if (slot === undefined) return;
    const order = this.#table.version.order(slot, facts.version);
    if (order === 0 && facts.status < 500) this.#learnLead(slot, undisturbedSinceMs);
    this.#parts.endOutstanding(slot);
    if (facts.status >= 500) return this.#backOff(slot, nowMs);
    this.#turns.leave(slot);
    this.#table.failures.set(slot, 0);
    // Answered, and not stored: it may not be. To ask for it all the time would not change that.
    if (order > 0) {
      this.#table.version.set(slot, facts.version);
      this.#table.requestedAtMs.set(slot, nowMs - facts.durationMs);
    }
    this.#parts.place(slot, nowMs);
  }

  failed(facts: Ended, nowMs: number): void {
    const slot = this.#slotOf(facts);
    if (slot === undefined) return;
    this.#parts.endOutstanding(slot);
    this.#backOff(slot, nowMs);
  }

  dropped(facts: Dropped, nowMs: number): void {
    const slot = this.#slotOf(facts);
    if (slot === undefined) return;
    const isNews = facts.reason === 'overtaken' || facts.reason === 'fresh';
    const isExplained = isNews && this.#isNewsKnown(slot, nowMs);
    this.#parts.endOutstanding(slot);
    if (isNews && !isExplained) this.#parts.doubted.add(slot);
    if (isExplained) this.#parts.place(slot, nowMs);
    else this.#backOff(slot, nowMs);
  }

  /** Whose turn it is (see `Turns`). They count as outstanding from now on. */
  take(count: number, choice: Choice, nowMs: number): Taken {
    this.#turns.collect(nowMs);
    this.#turns.sweep(nowMs);
    const stale: Reminder[] = [];
    const due: Reminder[] = [];
    let cost = 0;
    for (const slot of this.#turns.take(count, choice, nowMs)) {
      const reminder = this.#reminderOf(slot);
      this.#parts.outstanding.set(slot, { sinceMs: nowMs, have: reminder.have, receivedAtMs: undefined });
      cost += this.#table.cost.get(slot);
      if (this.#table.isStale(slot)) stale.push(reminder);
      else due.push(reminder);
    }
    return { stale, due, cost };
  }

  /** The reminder could not be left; it is tried again a little later. */
  refused({ urlHash }: Reminder, nowMs: number): void {
    const slot = this.#table.slotOfUrl(urlHash);
    if (slot === undefined || !this.#parts.endOutstanding(slot)) return;
    this.#table.notBeforeMs.set(slot, nowMs + TRY_AGAIN_AFTER_MS);
    this.#parts.place(slot, nowMs);
  }

  /** Reminders wait as long as a pause does: only the time since calls have been leaving counts. */
  forgetLost(flowingSinceMs: number, nowMs: number): void {
    for (const [slot, { sinceMs }] of this.#parts.outstanding) {
      if (nowMs - Math.max(sinceMs, flowingSinceMs) < FORGOTTEN_AFTER_MS) return;
      this.#parts.endOutstanding(slot);
      this.#parts.place(slot, nowMs);
    }
  }

  /** The broker may have come back without them. */
  forgetOutstanding(nowMs: number): void {
    for (const slot of [...this.#parts.outstanding.keys()]) {
      this.#parts.endOutstanding(slot);
      this.#parts.place(slot, nowMs);
    }
  }

  /** @returns false where as much was known already. */
  #learn(slot: number, { key, variant, requestedAt, version }: KnownEntry, nowMs: number): boolean {
    if (this.#table.version.order(slot, version) <= 0) return false;
    this.#turns.leave(slot);
    this.#table.setVariant(slot, key, variant);
    this.#table.requestedAtMs.set(slot, requestedAt);
    this.#table.version.set(slot, version);
    this.#table.failures.set(slot, 0);
    this.#table.notBeforeMs.set(slot, 0);
    this.#parts.doubted.delete(slot);
    this.#parts.place(slot, nowMs);
    return true;
  }

  #learnLead(slot: number, undisturbedSinceMs: number): void {
    const left = this.#parts.outstanding.get(slot);
    if (left?.receivedAtMs === undefined || left.sinceMs < undisturbedSinceMs) return;
    const { sinceMs, receivedAtMs } = left;
    const serviceMs = receivedAtMs - this.#table.requestedAtMs.get(slot);
    this.lead.learn({ totalMs: receivedAtMs - sinceMs, serviceMs });
  }

  /** Calls of connected clients are told of too; they are no end of a reminder. */
  #slotOf({ urlHash, partition, lane }: Ended): number | undefined {
    return partition === SHARED_PARTITION && lane === OUR_LANE ? this.#table.slotOfUrl(urlHash) : undefined;
  }

  /** Whether we have heard of something newer since the reminder left. */
  #isNewsKnown(slot: number, nowMs: number): boolean {
    const left = this.#parts.outstanding.get(slot);
    if (left === undefined) return whenDue(this.#table, slot, this.#leadMs) > nowMs;
    const version = this.#table.version.get(slot);
    return version !== null && (left.have === null || compareVersions(version, left.have) > 0);
  }

  #backOff(slot: number, nowMs: number): void {
    const failures = this.#table.failures.get(slot);
    this.#table.notBeforeMs.set(slot, nowMs + backOffMs(failures, this.#table.maxAgeMs.get(slot)));
    this.#table.failures.set(slot, Math.min(MOST_FAILURES_COUNTED, failures + 1));
    this.#parts.place(slot, nowMs);
  }

  #reminderOf(slot: number): Reminder {
    return {
      path: this.#table.path(slot),
      key: this.#table.key(slot),
      urlHash: this.#table.urlHash(slot),
      variant: this.#table.variant(slot),
      have: this.#table.version.get(slot),
    };
  }
}

/** NaN: not known. A rate of none would make a resource worth endlessly much. */
function rateOf(told: number | null | undefined): number {
  return typeof told === 'number' && told > 0 ? told : NaN;
}
