import { AnnouncedQuota, type Heard } from './announced-quota.js';
import type { Announcement } from './announcement.js';
import type { WindowLimit, Windows } from './windows.js';

/** A vendor that invents names must not fill the memory. */
const MOST_QUOTAS = 16;
const LONG_MS = 3_600_000;

/** All that the answers of one upstream tell of its limits, by the name of each quota. */
export class Announcements {
  readonly #quotas = new Map<string, AnnouncedQuota>();
  /** Those whose window began anew with the last announcement. */
  readonly #begun = new Set<AnnouncedQuota>();
  #declared: readonly WindowLimit[] = [];

  constructor(private readonly longestMs: number) {}

  told(announcement: Announcement, heard: Heard, nowMs: number): void {
    // RateLimit-Policy: the upstream says its windows itself. What it no longer says was not taken back.
    const declared = announcement.windows.filter(({ limit, perMs }) => limit > 0 && perMs > 0);
    if (declared.length > 0) this.#declared = declared.map(({ limit, perMs }) => ({ limit, perMs }));
    for (const reading of announcement.quotas) {
      const quota = this.#quotas.get(reading.name) ?? this.#open(reading.name);
      if (quota?.told(reading, heard, nowMs) === true) this.#begun.add(quota);
    }
  }

  /** Windows that configure themselves: declared, or seen by their limit and the times at which they begin anew. */
  get windows(): { readonly kind: 'declared' | 'fixed-window'; readonly limits: readonly WindowLimit[] } | undefined {
    if (this.#declared.length > 0 && this.#trusted) return { kind: 'declared', limits: this.#declared };
    const limits: WindowLimit[] = [];
    for (const { trusted, limit, perMs } of this.#quotas.values()) {
      if (trusted && limit !== undefined && perMs !== undefined) limits.push({ limit, perMs });
    }
    return limits.length === 0 ? undefined : { kind: 'fixed-window', limits };
  }

  /** Whether windows of before a restart can still be right. */
  agreesWith(limits: readonly WindowLimit[]): boolean {
    for (const { trusted, limit } of this.#quotas.values()) {
      if (!trusted || (limit !== undefined && !limits.some((one) => one.limit === limit))) return false;
    }
    return true;
  }

  /** Lowers our windows to what the upstream counts, at once; raises them only when it was seen to begin anew. */
  reconcile(windows: Windows, nowMs: number): void {
    for (const quota of this.#quotas.values()) {
      const index = matching(windows.limits, quota, nowMs);
      if (index === undefined || !quota.trusted) continue;
      if (this.#begun.has(quota)) windows.raise(index);
      const perMs = windows.limits[index]?.perMs ?? 0;
      const untilMs = Math.min(quota.endsAtMs(nowMs, perMs), nowMs + perMs);
      windows.lower(index, quota.left, untilMs, nowMs);
      if (perMs >= LONG_MS && quota.known(nowMs))
        windows.align(index, { resetAtMs: quota.resetAtMs, remaining: quota.left }, nowMs);
    }
    this.#begun.clear();
  }

  sent(cost: number): void {
    for (const quota of this.#quotas.values()) quota.sent(cost);
  }

  known(nowMs: number): boolean {
    for (const quota of this.#quotas.values()) if (quota.known(nowMs)) return true;
    return false;
  }

  exhaustedUntil(cost: number, nowMs: number): number | undefined {
    let latest: number | undefined;
    for (const quota of this.#quotas.values()) {
      const untilMs = quota.exhaustedUntil(cost, nowMs);
      if (untilMs !== undefined) latest = Math.max(latest ?? 0, untilMs);
    }
    return latest;
  }

  perSecond(nowMs: number): number {
    let least = Infinity;
    for (const quota of this.#quotas.values()) if (quota.known(nowMs)) least = Math.min(least, quota.perSecond(nowMs));
    return least;
  }

  get #trusted(): boolean {
    return [...this.#quotas.values()].every(({ trusted }) => trusted);
  }

  #open(name: string): AnnouncedQuota | undefined {
    if (this.#quotas.size >= MOST_QUOTAS) return undefined;
    const quota = new AnnouncedQuota(this.longestMs);
    this.#quotas.set(name, quota);
    return quota;
  }
}

/** By its length, else by its limit, else the shortest that could have this reset. */
function matching(limits: readonly WindowLimit[], quota: AnnouncedQuota, nowMs: number): number | undefined {
  const byLength = limits.findIndex(({ perMs }) => perMs === quota.perMs);
  if (byLength >= 0) return byLength;
  const byLimit = limits.findIndex(({ limit }) => limit === quota.limit);
  if (byLimit >= 0) return byLimit;
  if (!quota.known(nowMs)) return undefined;
  const resetInMs = quota.resetAtMs - nowMs;
  let nearest: number | undefined;
  for (const [i, { perMs }] of limits.entries()) {
    if (perMs < resetInMs - 1_000) continue;
    if (nearest === undefined || perMs < (limits[nearest]?.perMs ?? Infinity)) nearest = i;
  }
  return nearest;
}
