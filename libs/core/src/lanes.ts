import { Heap, type HeapPlace } from './heap.js';
import type { Lane } from './priority.js';

export interface LaneJob {
  readonly id: string;
  /** Raised by `promote`, also while the queue has it. */
  lane: Lane;
  /** The first time that it was put into a queue: a throttled call is put back with it, and so returns to the head of its lane. */
  readonly enqueuedAtMs: number;
  /** Not before this (a retry's back-off). */
  readonly notBeforeMs?: number | undefined;
  /** Whoever asked is told by then. */
  readonly deadlineMs?: number | undefined;
}

export type LaneSide = 'now' | 'background';

export interface LaneDepths {
  now: number;
  soon: number;
  later: number;
}

/** Someone was given a stale answer: such a job goes before any `later` one that was put in less than this earlier. */
const SOON_AHEAD_MS = 120_000;
const RANK: Readonly<Record<Lane, number>> = { now: 0, soon: 1, later: 2 };

interface Waiting<J> {
  readonly job: J;
  readonly tie: number;
  heap: Heap<Waiting<J>>;
  place: HeapPlace<Waiting<J>>;
  deadline: HeapPlace<Waiting<J>> | undefined;
}

/**
 * Jobs that wait for one scope. Lane now in order of arrival; the background by the oldest of enqueue time − 120 s for soon, so that
 * nothing in `later` waits for ever. Jobs in back-off wait apart and never stand before a ready one. Everything is O(log n); what is
 * removed is gone at once, its place and its count.
 */
export class LaneQueue<J extends LaneJob> {
  readonly #byId = new Map<string, Waiting<J>>();
  readonly #now = new Heap<Waiting<J>>();
  readonly #background = new Heap<Waiting<J>>();
  readonly #delayed = new Heap<Waiting<J>>();
  readonly #deadlines = new Heap<Waiting<J>>();
  readonly #depths: LaneDepths = { now: 0, soon: 0, later: 0 };
  #nextTie = 0;
  #nextFrontTie = -1;

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  get(id: string): J | undefined {
    return this.#byId.get(id)?.job;
  }

  /** A job whose id already waits is refused: two askers of one thing are joined, not queued twice. */
  push(job: J): boolean {
    return this.#insert(job, this.#nextTie++);
  }

  /** For what was taken and could not be done (a throttle): before all that was put in at the same millisecond. */
  putBack(job: J): boolean {
    return this.#insert(job, this.#nextFrontTie--);
  }

  remove(id: string): J | undefined {
    const waiting = this.#byId.get(id);
    if (waiting === undefined) return undefined;
    this.#byId.delete(id);
    waiting.heap.remove(waiting.place);
    if (waiting.deadline !== undefined) this.#deadlines.remove(waiting.deadline);
    this.#depths[waiting.job.lane] -= 1;
    return waiting.job;
  }

  /** Raises a job to a better lane; never lowers one. Its enqueue time stays. */
  promote(id: string, lane: Lane): boolean {
    const waiting = this.#byId.get(id);
    if (waiting === undefined || RANK[lane] >= RANK[waiting.job.lane]) return false;
    this.#depths[waiting.job.lane] -= 1;
    this.#depths[lane] += 1;
    waiting.job.lane = lane;
    if (waiting.heap !== this.#delayed) this.#move(waiting, this.#readyHeap(lane), readyKey(waiting.job));
    return true;
  }

  /** The next ready job of one side; it stays in the queue. */
  peek(side: LaneSide, nowMs: number): J | undefined {
    this.#release(nowMs);
    return this.#heapOf(side).first()?.value.job;
  }

  /** By what its first ready job goes before others; Infinity: nothing is ready. */
  headKey(side: LaneSide, nowMs: number): number {
    this.#release(nowMs);
    return this.#heapOf(side).first()?.key ?? Infinity;
  }

  take(side: LaneSide, nowMs: number): J | undefined {
    const job = this.peek(side, nowMs);
    return job === undefined ? undefined : this.remove(job.id);
  }

  /** The best ready job for which `fits` holds, lane now before the background: what to probe with. O(n), once per pause. */
  best(fits: (job: J) => boolean, nowMs: number): J | undefined {
    this.#release(nowMs);
    return bestOf(this.#now, fits) ?? bestOf(this.#background, fits);
  }

  /** When the first job in back-off becomes ready. */
  nextDueAt(): number | undefined {
    return this.#delayed.first()?.key;
  }

  nextDeadlineAt(): number | undefined {
    return this.#deadlines.first()?.key;
  }

  /** Takes out all jobs whose deadline is at or before `byMs`: with the end of a pause, all those that the pause outlasts. */
  expired(byMs: number): J[] {
    const jobs: J[] = [];
    for (
      let first = this.#deadlines.first();
      first !== undefined && first.key <= byMs;
      first = this.#deadlines.first()
    ) {
      jobs.push(first.value.job);
      this.remove(first.value.job.id);
    }
    return jobs;
  }

  removeWhere(ends: (job: J) => boolean): J[] {
    const jobs = [...this.#byId.values()].map((waiting) => waiting.job).filter(ends);
    for (const job of jobs) this.remove(job.id);
    return jobs;
  }

  /** All that wait, those in back-off included. */
  depths(): LaneDepths {
    return { ...this.#depths };
  }

  /** Ready to go now; cheap enough for every turn of the loop. */
  waits(side: LaneSide, nowMs: number): boolean {
    this.#release(nowMs);
    return this.#heapOf(side).size > 0;
  }

  #insert(job: J, tie: number): boolean {
    if (this.#byId.has(job.id)) return false;
    // Straight into back-off if it has a time to wait for; the next peek releases it when that time has come.
    const delayed = job.notBeforeMs !== undefined;
    const heap = delayed ? this.#delayed : this.#readyHeap(job.lane);
    // The two places below need the value that they hold; both are set before anyone else can see it.
    const waiting = { job, tie, heap } as Waiting<J>;
    waiting.place = heap.add(waiting, job.notBeforeMs ?? readyKey(job), tie);
    waiting.deadline = job.deadlineMs === undefined ? undefined : this.#deadlines.add(waiting, job.deadlineMs, tie);
    this.#byId.set(job.id, waiting);
    this.#depths[job.lane] += 1;
    return true;
  }

  #release(nowMs: number): void {
    for (let first = this.#delayed.first(); first !== undefined && first.key <= nowMs; first = this.#delayed.first()) {
      const { job } = first.value;
      this.#move(first.value, this.#readyHeap(job.lane), readyKey(job));
    }
  }

  #move(waiting: Waiting<J>, heap: Heap<Waiting<J>>, key: number): void {
    waiting.heap.remove(waiting.place);
    waiting.heap = heap;
    waiting.place = heap.add(waiting, key, waiting.tie);
  }

  #readyHeap(lane: Lane): Heap<Waiting<J>> {
    return lane === 'now' ? this.#now : this.#background;
  }

  #heapOf(side: LaneSide): Heap<Waiting<J>> {
    return side === 'now' ? this.#now : this.#background;
  }
}

function readyKey(job: LaneJob): number {
  return job.lane === 'soon' ? job.enqueuedAtMs - SOON_AHEAD_MS : job.enqueuedAtMs;
}

function bestOf<J extends LaneJob>(heap: Heap<Waiting<J>>, fits: (job: J) => boolean): J | undefined {
  let best: Waiting<J> | undefined;
  for (const waiting of heap.values()) {
    if (!fits(waiting.job)) continue;
    if (best === undefined || goesBefore(waiting, best)) best = waiting;
  }
  return best?.job;
}

function goesBefore<J extends LaneJob>(a: Waiting<J>, b: Waiting<J>): boolean {
  const [keyA, keyB] = [readyKey(a.job), readyKey(b.job)];
  return keyA < keyB || (keyA === keyB && a.tie < b.tie);
}

export function createLaneQueue<J extends LaneJob>(): LaneQueue<J> {
  return new LaneQueue<J>();
}
