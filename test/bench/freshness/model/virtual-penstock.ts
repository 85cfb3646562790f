import { observed } from '#core';
import type { PriorRates, Version } from '#core';
import { continuedFrom, readsAt } from '../../../../apps/refresher/src/stat-line.js';
import { StatSheet, type StatDelta } from '../../../../apps/refresher/src/stat-sheet.js';
import { RefreshPlan, type Learned, type Reminder } from '../../../../apps/scheduler/src/plan.js';

/** What the store has of one resource. */
type Kept = ReturnType<typeof continuedFrom> & { readonly readsAt: number };

export interface VirtualOptions {
  readonly size: number;
  readonly timeScale: number;
  readonly maxAgeMs: number;
  /** Calls per second. */
  readonly limit: number;
}

const READS_HALF_LIFE_MS = 3_600_000;
const FORGET_MS = 7 * 86_400_000;
/** As the refresher writes. */
const WRITE_EVERY_MS = 1_000;
const READS_EVERY_MS = 10_000;
const KEYS_AT_ONCE = 5_000;
const PRIORS_FROM = 20;
const LONGEST_BURST_S = 0.25;
const UPSTREAM = 'virtual';

/**
 * The scheduler's plan and what the refresher learns, with nothing between them: no bus, no store, no wall clock. What is left out takes
 * time only; whoever plays with it decides how long a call and a word are on their way.
 */
export class VirtualPenstock {
  private readonly plan: RefreshPlan;
  private readonly sheet: StatSheet;
  private readonly store = new Map<string, Kept>();
  private readonly forgetMs: number;
  private readonly halfLifeMs: number;
  private priors: PriorRates | undefined;
  private readsDueAtMs = 0;
  private tokens = 0;

  constructor(private readonly options: VirtualOptions) {
    const { size, timeScale } = options;
    const maxAgeMs = options.maxAgeMs / timeScale;
    this.forgetMs = FORGET_MS / timeScale;
    this.halfLifeMs = READS_HALF_LIFE_MS / timeScale;
    this.sheet = new StatSheet({ mostKeys: size, forgetMs: this.forgetMs });
    this.plan = new RefreshPlan(timeScale);
    this.plan.expectChangeEvery(maxAgeMs);
    const resources = Array.from({ length: size }, (_, item) => ({
      ...{ path: `/items/${item + 1}`, key: keyOf(item), urlHash: urlHashOf(item) },
      ...{ maxAgeMs, isFloor: false, weight: 1, cost: 1 },
    }));
    this.plan.list.begin(size);
    this.plan.list.read(resources, { before: 0, expected: size }, 0);
    for (let from: number | undefined = 0; from !== undefined;) from = this.plan.list.end(from, size);
  }

  /** Whose turn it is, when `elapsedMs` have passed since it was asked last. */
  take(elapsedMs: number, nowMs: number): Reminder[] {
    const { limit } = this.options;
    this.tokens = Math.min(limit * LONGEST_BURST_S, this.tokens + (limit * elapsedMs) / 1000);
    const choice = { fits: false, spendsAll: true, perSecond: limit };
    const { stale, due } = this.plan.take(Math.floor(this.tokens), choice, nowMs);
    this.tokens -= stale.length + due.length;
    return [...stale, ...due];
  }

  /** A call has been answered, at `atMs`; null: it was the first of this resource. */
  answered(reminder: Reminder, call: Call, nowMs: number): void {
    const { version, atMs, intervalMs, changed } = call;
    const { key, urlHash, variant, path } = reminder;
    const ref = { urlHash, partition: 'shared', lane: 'later' } as const;
    this.plan.stored({ ...ref, key, variant, version, requestedAt: atMs, receivedAt: atMs }, nowMs);
    this.plan.answered({ ...ref, version, status: 200, durationMs: 0 }, nowMs, 0);
    const wholeMs = intervalMs === null ? null : Math.max(1, Math.round(intervalMs));
    this.sheet.refreshed({
      ...{ upstream: UPSTREAM, key, path, cost: 1 },
      history: observed({ intervalMs: wholeMs, changed, unchangedForMs: null }, this.forgetMs),
      changedAt: changed && intervalMs !== null ? atMs : null,
    });
  }

  read(item: number): void {
    this.sheet.read(UPSTREAM, keyOf(item), 1);
  }

  /** Once a second: writes, and answers what is to be told. */
  write(nowMs: number): Learned[] {
    const told: Learned[] = [];
    while (this.sheet.refreshedKeys > 0) told.push(this.writeRefreshed(this.sheet.takeRefreshed(KEYS_AT_ONCE), nowMs));
    if (nowMs >= this.readsDueAtMs) {
      this.readsDueAtMs = nowMs + Math.max(WRITE_EVERY_MS, READS_EVERY_MS / this.options.timeScale);
      while (this.sheet.readKeys > 0) told.push(this.writeReads(nowMs));
    }
    this.renewPriors();
    return told;
  }

  told(learned: Learned, nowMs: number): void {
    this.plan.learnStats(learned, nowMs);
  }

  private writeRefreshed(batch: readonly StatDelta[], nowMs: number): Learned {
    const { forgetMs, priors, store } = this;
    const terms = { priors, forgetMs, timeScale: this.options.timeScale };
    const kept = batch.map((delta): Kept => {
      const before = store.get(delta.key);
      const write = continuedFrom(before, delta, terms);
      return { ...write, reads: write.reads + this.faded(delta.key, nowMs), readsAt: nowMs };
    });
    for (const stat of kept) store.set(stat.key, stat);
    return learnedOf(kept, nowMs);
  }

  /** What has never been refreshed is not kept: nothing is planned of it. */
  private writeReads(nowMs: number): Learned {
    const kept = this.sheet.takeRead(KEYS_AT_ONCE).flatMap(({ key, reads }): Kept[] => {
      const before = this.store.get(key);
      return before === undefined ? [] : [{ ...before, reads: reads + this.faded(key, nowMs), readsAt: nowMs }];
    });
    for (const stat of kept) this.store.set(stat.key, stat);
    return learnedOf(kept, nowMs);
  }

  private faded(key: string, nowMs: number): number {
    const before = this.store.get(key);
    return before === undefined ? 0 : readsAt(nowMs, before, this.halfLifeMs);
  }

  private renewPriors(): void {
    const rates = [...this.store.values()].flatMap(({ changeRate }) => changeRate ?? []).sort((a, b) => a - b);
    const overall = rates[Math.floor(rates.length / 2)];
    if (overall === undefined || rates.length < PRIORS_FROM) return;
    this.priors = { overall, templates: {} };
    this.plan.learnPriors(this.priors);
  }
}

export interface Call {
  readonly version: Version;
  readonly atMs: number;
  /** Since the call before; null: it was the first. */
  readonly intervalMs: number | null;
  readonly changed: boolean;
}

function learnedOf(stats: readonly Kept[], readsAtMs: number): Learned {
  return {
    keys: stats.map(({ key }) => key),
    changeRates: stats.map(({ changeRate }) => changeRate),
    reads: stats.map(({ reads }) => reads),
    readsAt: readsAtMs,
    costs: stats.map(({ cost }) => cost),
  };
}

const HASH_DIGITS = 32;

function urlHashOf(item: number): string {
  return item.toString(16).padStart(HASH_DIGITS, '0');
}

function keyOf(item: number): string {
  return `a${item.toString(16).padStart(HASH_DIGITS - 1, '0')}`;
}

export function itemOf({ urlHash }: Reminder): number {
  return Number.parseInt(urlHash, 16);
}
