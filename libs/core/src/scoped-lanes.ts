import { LaneQueue, type LaneDepths, type LaneJob, type LaneSide } from './lanes.js';
import type { Lane } from './priority.js';

/** The limits that a call pays, by name, and one name for all of them: calls of the same key wait in one queue. */
export interface CallScopes {
  readonly key: string;
  readonly ids: readonly string[];
  /** What it is charged, where that is configured; undefined: what such calls have cost so far. */
  readonly cost?: number | undefined;
}

export interface ScopedJob extends LaneJob {
  readonly scopes: CallScopes;
}

/** The jobs that pay the same limits, in their order. */
export interface LaneGroup<J extends ScopedJob> {
  readonly scopes: CallScopes;
  readonly queue: LaneQueue<J>;
}

/**
 * All that waits for one upstream: a queue for each set of limits, so that what a paused bucket or a used-up credential holds back never
 * stands before a call that could go. Which group goes first is decided by its head, by the same rule as within a queue.
 */
export class ScopedLanes<J extends ScopedJob> {
  readonly #groups = new Map<string, LaneGroup<J>>();
  readonly #groupOf = new Map<string, LaneGroup<J>>();

  get size(): number {
    return this.#groupOf.size;
  }

  has(id: string): boolean {
    return this.#groupOf.has(id);
  }

  push(job: J): boolean {
    return this.#insert(job, (queue) => queue.push(job));
  }

  /** For what was taken and could not be done: before all that was put in at the same millisecond. */
  putBack(job: J): boolean {
    return this.#insert(job, (queue) => queue.putBack(job));
  }

  remove(id: string): J | undefined {
    const group = this.#groupOf.get(id);
    if (group === undefined) return undefined;
    this.#groupOf.delete(id);
    const job = group.queue.remove(id);
    if (group.queue.size === 0) this.#groups.delete(group.scopes.key);
    return job;
  }

  promote(id: string, lane: Lane): boolean {
    return this.#groupOf.get(id)?.queue.promote(id, lane) ?? false;
  }

  /** Every group, in no order. */
  groups(): readonly LaneGroup<J>[] {
    return [...this.#groups.values()];
  }

  /** The groups that have something ready on this side, the one whose head goes first first. */
  ready(side: LaneSide, nowMs: number): readonly LaneGroup<J>[] {
    if (this.#groups.size === 1) {
      const [only] = this.#groups.values();
      return only?.queue.waits(side, nowMs) === true ? [only] : [];
    }
    const ready = [...this.#groups.values()].filter(({ queue }) => queue.waits(side, nowMs));
    return ready.sort((a, b) => a.queue.headKey(side, nowMs) - b.queue.headKey(side, nowMs));
  }

  waits(side: LaneSide, nowMs: number): boolean {
    for (const { queue } of this.#groups.values()) if (queue.waits(side, nowMs)) return true;
    return false;
  }

  /** Takes out what must be told by then in one group. */
  expired(group: LaneGroup<J>, byMs: number): J[] {
    const jobs = group.queue.expired(byMs);
    for (const job of jobs) this.#groupOf.delete(job.id);
    if (group.queue.size === 0) this.#groups.delete(group.scopes.key);
    return jobs;
  }

  /** Takes out everything. */
  drain(): J[] {
    const jobs = this.groups().flatMap(({ queue }) => queue.removeWhere(() => true));
    this.#groups.clear();
    this.#groupOf.clear();
    return jobs;
  }

  /** The next back-off or deadline that ends. */
  nextEventAt(): number | undefined {
    let next: number | undefined;
    for (const { queue } of this.#groups.values()) {
      for (const atMs of [queue.nextDueAt(), queue.nextDeadlineAt()]) {
        if (atMs !== undefined && (next === undefined || atMs < next)) next = atMs;
      }
    }
    return next;
  }

  depths(): LaneDepths {
    return sumOf(this.groups());
  }

  /** What waits under one set of limits, whatever it costs. */
  depthsOf({ ids }: CallScopes): LaneDepths {
    return sumOf(this.groups().filter(({ scopes }) => scopes.ids.join(' ') === ids.join(' ')));
  }

  #insert(job: J, put: (queue: LaneQueue<J>) => boolean): boolean {
    if (this.#groupOf.has(job.id)) return false;
    const { scopes } = job;
    const group = this.#groups.get(scopes.key) ?? { scopes, queue: new LaneQueue<J>() };
    this.#groups.set(scopes.key, group);
    this.#groupOf.set(job.id, group);
    return put(group.queue);
  }
}

function sumOf(groups: readonly { readonly queue: { depths(): LaneDepths } }[]): LaneDepths {
  const sum: LaneDepths = { now: 0, soon: 0, later: 0 };
  for (const { queue } of groups) {
    const { now, soon, later } = queue.depths();
    sum.now += now;
    sum.soon += soon;
    sum.later += later;
  }
  return sum;
}

export function createScopedLanes<J extends ScopedJob>(): ScopedLanes<J> {
  return new ScopedLanes<J>();
}
