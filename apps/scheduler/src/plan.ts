import { compareVersions, Heap, overdueRatio, SHARED_PARTITION } from '#core';
import type { Lane, Version } from '#core';
import type { EventPayloads, RefreshItem } from '#contracts';
import { Lead } from './lead.js';
import { OverdueOrder } from './overdue-order.js';
import { backOffMs, fetchedAtOf, isInvalid, whenDue } from './planned.js';
import type { KnownEntry, Planned, PlannedResource, Stage } from './planned.js';

/** Someone should look whether this is to be fetched again. */
export type Reminder = RefreshItem;

type Ended = Pick<EventPayloads['fetch.failed'], 'urlHash' | 'partition' | 'lane'>;
type Answered = Ended & Pick<EventPayloads['fetch.answered'], 'status' | 'version' | 'durationMs'>;
type Dropped = Ended & Pick<EventPayloads['fetch.dropped'], 'reason'>;
type Stored = KnownEntry & { readonly partition: string; readonly receivedAt: number };

/** A reminder whose end was never told was lost with something. */
const FORGOTTEN_AFTER_MS = 30_000;
const TRY_AGAIN_AFTER_MS = 500;
/** What was never fetched is due at once, but in a row: what is fetched in one burst would be due in one burst for ever. */
const LONGEST_SPREAD_MS = 10_000;
const SPREAD_OF_MAX_AGE = 0.95;
const OUR_LANE: Lane = 'later';
const UNPLACED: Stage = { kind: 'unplaced' };

/**
 * Which resource is to be looked at, and when. Each is in one stage (see `Stage`); facts move it on. Nothing here is kept: the plan is
 * rebuilt from the store, and asks for that (`doubts`) when a fact does not fit what it knows.
 */
export class RefreshPlan {
  readonly lead = new Lead();
  readonly #byUrl = new Map<string, Planned>();
  readonly #byKey = new Map<string, Planned>();
  readonly #waiting = new Heap<Planned>();
  readonly #overdue = new OverdueOrder<Planned>((planned) => ({
    maxAgeMs: planned.maxAgeMs,
    fetchedAtMs: fetchedAtOf(planned),
  }));
  /** In the order in which they left. */
  readonly #outstanding = new Map<Planned, number>();
  readonly #doubted = new Set<Planned>();
  #placed = 0;
  #needPerMs = 0;

  get size(): number {
    return this.#byUrl.size;
  }

  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** Whether something newer was stored than what we heard of. */
  get doubts(): boolean {
    return this.#doubted.size > 0;
  }

  /** Calls per second that keep every maxAge, were they spread evenly. */
  get neededPerSecond(): number {
    return this.#needPerMs * 1000;
  }

  /** Age over maxAge of the one that waits longest for its turn; 0 when none does. */
  greatestRatio(nowMs: number): number {
    this.#collectDue(nowMs);
    const first = this.#overdue.first(nowMs);
    return first === undefined ? 0 : overdueRatio({ fetchedAtMs: fetchedAtOf(first), maxAgeMs: first.maxAgeMs }, nowMs);
  }

  /** How many are due and have not had their turn. */
  overdue(nowMs: number): number {
    this.#collectDue(nowMs);
    return this.#overdue.size;
  }

  /** Makes the plan hold exactly these; what is known of those that stay is kept. */
  replaceResources(resources: readonly PlannedResource[], nowMs: number): void {
    const listed = new Set(resources.map(({ urlHash }) => urlHash));
    for (const planned of this.#byUrl.values()) if (!listed.has(planned.urlHash)) this.#drop(planned);
    resources.forEach((resource, i) => {
      const known = this.#byUrl.get(resource.urlHash);
      if (known === undefined) this.#add(resource, { nowMs, share: i / resources.length });
      else this.#changeMaxAge(known, resource.maxAgeMs);
    });
  }

  /** What the store holds. Older news than what is known already changes nothing. */
  learnEntries(entries: readonly KnownEntry[], nowMs: number): void {
    this.#doubted.clear();
    for (const entry of entries) this.#learn(entry, undefined, nowMs);
  }

  stored({ partition, receivedAt, ...entry }: Stored, nowMs: number): void {
    if (partition === SHARED_PARTITION) this.#learn(entry, receivedAt, nowMs);
  }

  invalidated({ urlHash, before }: { urlHash: string; before: Version }, nowMs: number): void {
    const planned = this.#byUrl.get(urlHash);
    if (planned === undefined) return;
    const { invalidAtOrBelow } = planned;
    if (invalidAtOrBelow === null || compareVersions(before, invalidAtOrBelow) > 0) planned.invalidAtOrBelow = before;
    if (!isInvalid(planned)) return;
    planned.notBeforeMs = 0;
    this.#place(planned, nowMs);
  }

  removed(keys: readonly string[], nowMs: number): void {
    for (const key of keys) {
      const planned = this.#byKey.get(key);
      if (planned === undefined || planned.key !== key) continue;
      this.#rename(planned, planned.ownKey, '');
      Object.assign(planned, { requestedAt: undefined, receivedAt: undefined, version: null });
      this.#place(planned, nowMs);
    }
  }

  /** What left before `undisturbedSinceMs` was held up, and says nothing of how long the way takes. */
  answered(facts: Answered, nowMs: number, undisturbedSinceMs: number): void {
    const planned = this.#plannedOf(facts);
    if (planned === undefined) return;
    const order = planned.version === null ? 1 : compareVersions(facts.version, planned.version);
    if (order === 0 && facts.status < 500) this.#learnLead(planned, undisturbedSinceMs);
    this.#endOutstanding(planned);
    if (facts.status >= 500) return this.#backOff(planned, nowMs);
    planned.failures = 0;
    // Answered, and not stored: it may not be. To ask for it all the time would not change that.
    if (order > 0) Object.assign(planned, { version: facts.version, requestedAt: nowMs - facts.durationMs });
    this.#place(planned, nowMs);
  }

  failed(facts: Ended, nowMs: number): void {
    const planned = this.#plannedOf(facts);
    if (planned === undefined) return;
    this.#endOutstanding(planned);
    this.#backOff(planned, nowMs);
  }

  dropped(facts: Dropped, nowMs: number): void {
    const planned = this.#plannedOf(facts);
    if (planned === undefined) return;
    this.#endOutstanding(planned);
    const isNews = facts.reason === 'overtaken' || facts.reason === 'fresh';
    const isExplained = isNews && this.#whenDue(planned) > nowMs;
    if (isNews && !isExplained) this.#doubted.add(planned);
    if (isExplained) this.#place(planned, nowMs);
    else this.#backOff(planned, nowMs);
  }

  /** Whose turn it is, the greatest age over maxAge first. They count as outstanding from now on. */
  take(count: number, nowMs: number): Reminder[] {
    this.#collectDue(nowMs);
    const taken: Reminder[] = [];
    while (taken.length < count) {
      const planned = this.#overdue.first(nowMs);
      if (planned === undefined) break;
      this.#leaveStage(planned);
      planned.stage = { kind: 'outstanding', sinceMs: nowMs };
      this.#outstanding.set(planned, nowMs);
      taken.push(reminderOf(planned));
    }
    return taken;
  }

  /** The reminder could not be left; it is tried again a little later. */
  refused({ urlHash }: Reminder, nowMs: number): void {
    const planned = this.#byUrl.get(urlHash);
    if (planned?.stage.kind !== 'outstanding') return;
    this.#endOutstanding(planned);
    planned.notBeforeMs = nowMs + TRY_AGAIN_AFTER_MS;
    this.#place(planned, nowMs);
  }

  /** Reminders wait as long as a pause does: only the time since calls have been leaving counts. */
  forgetLost(flowingSinceMs: number, nowMs: number): void {
    for (const [planned, sinceMs] of this.#outstanding) {
      if (nowMs - Math.max(sinceMs, flowingSinceMs) < FORGOTTEN_AFTER_MS) return;
      this.#endOutstanding(planned);
      this.#place(planned, nowMs);
    }
  }

  /** The broker may have come back without them. */
  forgetOutstanding(nowMs: number): void {
    for (const planned of [...this.#outstanding.keys()]) {
      this.#endOutstanding(planned);
      this.#place(planned, nowMs);
    }
  }

  #add({ path, key, urlHash, maxAgeMs }: PlannedResource, { nowMs, share }: { nowMs: number; share: number }): void {
    const spreadMs = Math.min(LONGEST_SPREAD_MS, maxAgeMs * SPREAD_OF_MAX_AGE);
    const planned: Planned = {
      path,
      urlHash,
      ownKey: key,
      maxAgeMs,
      key,
      variant: '',
      requestedAt: undefined,
      receivedAt: undefined,
      version: null,
      invalidAtOrBelow: null,
      failures: 0,
      notBeforeMs: nowMs + share * spreadMs,
      stage: UNPLACED,
    };
    this.#byUrl.set(urlHash, planned);
    this.#byKey.set(key, planned);
    this.#needPerMs += 1 / maxAgeMs;
    this.#wait(planned);
  }

  #changeMaxAge(planned: Planned, maxAgeMs: number): void {
    if (planned.maxAgeMs === maxAgeMs) return;
    this.#leaveStage(planned);
    this.#needPerMs += 1 / maxAgeMs - 1 / planned.maxAgeMs;
    planned.maxAgeMs = maxAgeMs;
    if (planned.stage.kind !== 'outstanding') this.#wait(planned);
  }

  #learn(
    { urlHash, key, variant, requestedAt, version }: KnownEntry,
    receivedAt: number | undefined,
    nowMs: number,
  ): void {
    const planned = this.#byUrl.get(urlHash);
    if (planned === undefined) return;
    if (planned.version !== null && compareVersions(version, planned.version) <= 0) return;
    this.#rename(planned, key, variant);
    planned.requestedAt = requestedAt;
    planned.receivedAt = receivedAt;
    planned.version = version;
    planned.failures = 0;
    planned.notBeforeMs = 0;
    this.#doubted.delete(planned);
    this.#place(planned, nowMs);
  }

  #learnLead({ stage, requestedAt, receivedAt }: Planned, undisturbedSinceMs: number): void {
    if (stage.kind !== 'outstanding' || stage.sinceMs < undisturbedSinceMs) return;
    if (requestedAt === undefined || receivedAt === undefined) return;
    this.lead.learn({ totalMs: receivedAt - stage.sinceMs, serviceMs: receivedAt - requestedAt });
  }

  /** Calls of connected clients are told of too; they are no end of a reminder. */
  #plannedOf({ urlHash, partition, lane }: Ended): Planned | undefined {
    return partition === SHARED_PARTITION && lane === OUR_LANE ? this.#byUrl.get(urlHash) : undefined;
  }

  #backOff(planned: Planned, nowMs: number): void {
    planned.notBeforeMs = nowMs + backOffMs(planned);
    planned.failures += 1;
    this.#place(planned, nowMs);
  }

  #rename(planned: Planned, key: string, variant: string): void {
    if (planned.key === key) return;
    this.#byKey.delete(planned.key);
    this.#byKey.set(key, planned);
    Object.assign(planned, { key, variant });
  }

  /** By what is known now. What is outstanding is placed when its end is told. */
  #place(planned: Planned, nowMs: number): void {
    if (planned.stage.kind === 'outstanding') return;
    this.#leaveStage(planned);
    if (this.#whenDue(planned) <= nowMs) planned.stage = { kind: 'overdue', at: this.#overdue.add(planned) };
    else this.#wait(planned);
  }

  #wait(planned: Planned): void {
    const at = this.#waiting.add(planned, this.#whenDue(planned), (this.#placed += 1));
    planned.stage = { kind: 'waiting', at };
  }

  #whenDue(planned: Planned): number {
    return whenDue(planned, this.lead.leadMs(planned.maxAgeMs));
  }

  #leaveStage({ stage }: Planned): void {
    if (stage.kind === 'waiting') this.#waiting.remove(stage.at);
    if (stage.kind === 'overdue') this.#overdue.remove(stage.at);
  }

  #endOutstanding(planned: Planned): void {
    if (this.#outstanding.delete(planned)) planned.stage = UNPLACED;
  }

  #collectDue(nowMs: number): void {
    for (;;) {
      const first = this.#waiting.first();
      if (first === undefined || first.key > nowMs) return;
      this.#waiting.remove(first);
      first.value.stage = { kind: 'overdue', at: this.#overdue.add(first.value) };
    }
  }

  #drop(planned: Planned): void {
    this.#leaveStage(planned);
    this.#endOutstanding(planned);
    this.#doubted.delete(planned);
    this.#byUrl.delete(planned.urlHash);
    this.#byKey.delete(planned.key);
    this.#needPerMs -= 1 / planned.maxAgeMs;
  }
}

function reminderOf({ path, key, urlHash, variant, version }: Planned): Reminder {
  return { path, key, urlHash, variant, have: version };
}
