import { Candidates } from './candidates.js';
import { TimingWheel } from './timing-wheel.js';
import { isLineBefore, LAST_LINE, type Line, type ValueColumns } from './value-columns.js';

const ABSENT = 0;
const CANDIDATE = 1;
const TIMED = 2;
const ASLEEP = 3;

const LEAST_CANDIDATES = 4_096;
const TAKES_AHEAD = 64;
const USUAL_DECAY = 0.98;
/** The line is moved when there are this many times the candidates wanted, to where there are half as many. */
const CROWDED = 3;
const ROOMY = 2;
const SAMPLE = 2_048;
/** A golden-ratio stride: samples are spread over all slots, whatever their order. */
const STRIDE = 0.618_033_988_749_895;
const MOST_EVICTED = 16_384;
/** The line comes down in slices over this time while the candidates suffice, and over the shorter one when they did not. */
const CALM_MS = 10_000;
const URGENT_MS = 5_000;

/** The line is on its way down: slots below the cursor are sorted by the target already, the others still by the old one. */
interface Lowering {
  target: Line;
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Until then no slot that reaches the target is missing among the candidates, sorted or not. */
  readonly completeUntilMs: number;
  cursor: number;
}

/**
 * Slots in the order of their value, exactly, without a look at all of them. A line is drawn in that order, a little below what is granted;
 * each slot is in one of three stages:
 * - candidate: its time has come. Only these, some thousands, are valued at each take, and the best of them granted.
 * - timed: below the line; stands in the wheel at the time at which it reaches it. Then it becomes a candidate.
 * - asleep: below the line for ever, for all that it can be worth is less.
 *
 * Too many candidates: the line is raised, and those below it leave. Too few, or the worst one granted stands below the line (the budget has
 * grown): the line comes down, and all slots are looked at again, in slices over the next takes. Between, at most one look at everything
 * makes sure that nothing is missed. Values only rise between two changes of a slot's facts, so its time may come early, never late.
 */
export class ValueOrder {
  readonly #columns: ValueColumns;
  readonly #wheel = new TimingWheel();
  readonly #candidates: Candidates;
  readonly #leastCandidates: number;
  readonly #takesAhead: number;
  #stage = new Uint8Array(0);
  /** The highest slot ever added, plus 1. */
  #slots = 0;
  /** Timed or asleep. */
  #outside = 0;
  #line = LAST_LINE;
  #lowering: Lowering | undefined;
  #crowdedFrom = 0;
  #usualCount = 0;
  #sampled = 0;

  constructor(columns: ValueColumns, { leastCandidates = LEAST_CANDIDATES, takesAhead = TAKES_AHEAD } = {}) {
    this.#columns = columns;
    this.#candidates = new Candidates(columns);
    this.#leastCandidates = leastCandidates;
    this.#takesAhead = takesAhead;
  }

  /** How many are valued at each take. */
  get candidates(): number {
    return this.#candidates.size;
  }

  get size(): number {
    return this.#candidates.size + this.#outside;
  }

  /** There is room for slots from 0 up to this. */
  grow(length: number): void {
    const stage = new Uint8Array(length);
    stage.set(this.#stage);
    this.#stage = stage;
    this.#wheel.grow(length);
    this.#candidates.grow(length);
  }

  has(slot: number): boolean {
    return this.#stageOf(slot) !== ABSENT;
  }

  /** Its facts stand in the columns. */
  add(slot: number, nowMs: number): void {
    this.#slots = Math.max(this.#slots, slot + 1);
    this.#sort(slot, nowMs);
    if (this.#candidates.size > this.#crowdedFrom) this.#thinOut(nowMs);
  }

  remove(slot: number): void {
    this.#unsort(slot, this.#stageOf(slot));
    this.#stage[slot] = ABSENT;
  }

  /** Takes out the best, the best first. */
  take(count: number, nowMs: number): number[] {
    this.#wheel.drain(nowMs, (slot) => {
      this.#outside -= 1;
      this.#sort(slot, nowMs);
    });
    this.#lowerFurther(nowMs);
    const best = this.#bestOf(count, nowMs);
    for (const slot of best) this.remove(slot);
    if (this.#candidates.size > CROWDED * this.#wanted) this.#thinOut(nowMs);
    else if (this.#candidates.size < this.#wanted) this.#beginLowering(nowMs);
    return best;
  }

  get #wanted(): number {
    return Math.max(this.#leastCandidates, this.#takesAhead * this.#usualCount);
  }

  #stageOf(slot: number): number {
    return this.#stage[slot] ?? ABSENT;
  }

  /** Candidate, timed or asleep, by the line as it is or will be. */
  #sort(slot: number, nowMs: number): void {
    const line = this.#lowering?.target ?? this.#line;
    this.#columns.valueAt(slot, nowMs);
    if (this.#columns.isWithin(slot, line)) return this.#join(slot);
    this.#outside += 1;
    const dueMs = this.#columns.whenWithin(slot, line);
    this.#stage[slot] = dueMs === Infinity ? ASLEEP : TIMED;
    if (dueMs !== Infinity) this.#wheel.add(slot, dueMs, nowMs);
  }

  #join(slot: number): void {
    this.#stage[slot] = CANDIDATE;
    this.#candidates.add(slot);
  }

  #unsort(slot: number, stage: number): void {
    if (stage === CANDIDATE) return this.#candidates.remove(slot);
    this.#outside -= 1;
    if (stage === TIMED) this.#wheel.remove(slot);
  }

  #bestOf(count: number, nowMs: number): number[] {
    if (count <= 0) return [];
    this.#usualCount = Math.max(count, this.#usualCount * USUAL_DECAY);
    for (let looks = 0; ; looks += 1) {
      const best = this.#candidates.best(count, nowMs);
      const worst = best[best.length - 1];
      const isComplete =
        best.length === count && worst !== undefined && this.#columns.isWithin(worst, this.#completeLine(nowMs));
      if (isComplete || this.#outside === 0) return best;
      this.#lookAtAll(2 * Math.max(this.#wanted, count) * CROWDED ** looks, nowMs);
    }
  }

  /** All that stand before it are candidates. */
  #completeLine(nowMs: number): Line {
    const lowering = this.#lowering;
    return lowering !== undefined && nowMs <= lowering.completeUntilMs ? lowering.target : this.#line;
  }

  /** The candidates do not suffice: all others that will reach a lower line before all are sorted by it join them, in one go. */
  #lookAtAll(rank: number, nowMs: number): void {
    const target = this.#lineOfRank(rank, nowMs);
    const completeUntilMs = nowMs + URGENT_MS;
    for (let slot = 0; slot < this.#slots; slot += 1) {
      const stage = this.#stageOf(slot);
      if (stage !== TIMED && stage !== ASLEEP) continue;
      if (!this.#columns.mayReach(slot, target.value, completeUntilMs)) continue;
      this.#columns.valueAt(slot, completeUntilMs);
      if (!this.#columns.isWithin(slot, target)) continue;
      this.#unsort(slot, stage);
      this.#join(slot);
    }
    this.#lower(target, { startedAtMs: nowMs, durationMs: URGENT_MS, completeUntilMs });
  }

  #beginLowering(nowMs: number): void {
    if (this.#lowering !== undefined || this.#outside === 0) return;
    const target = this.#lineOfRank(ROOMY * this.#wanted - this.#candidates.size, nowMs);
    this.#lower(target, { startedAtMs: nowMs, durationMs: CALM_MS, completeUntilMs: -Infinity });
    if (target === LAST_LINE) this.#sortUpTo(this.#slots, nowMs);
  }

  #lower(target: Line, times: Pick<Lowering, 'startedAtMs' | 'durationMs' | 'completeUntilMs'>): void {
    const isLower = isLineBefore(this.#line, target);
    this.#lowering = isLower ? Object.assign({ target, cursor: 0 }, times) : undefined;
  }

  #lowerFurther(nowMs: number): void {
    if (this.#lowering === undefined) return;
    const share = (nowMs - this.#lowering.startedAtMs) / this.#lowering.durationMs;
    this.#sortUpTo(Math.min(this.#slots, Math.floor(share * this.#slots)), nowMs);
  }

  #sortUpTo(end: number, nowMs: number): void {
    const lowering = this.#lowering;
    if (lowering === undefined) return;
    for (; lowering.cursor < end; lowering.cursor += 1) {
      const stage = this.#stageOf(lowering.cursor);
      if (stage !== TIMED && stage !== ASLEEP) continue;
      this.#unsort(lowering.cursor, stage);
      this.#sort(lowering.cursor, nowMs);
    }
    if (lowering.cursor < this.#slots) return;
    this.#line = lowering.target;
    this.#lowering = undefined;
  }

  /** The line before which about so many of those outside stand now, by a sample; the last one where nearly all do. */
  #lineOfRank(rank: number, nowMs: number): Line {
    if (rank >= this.#outside / 2) return LAST_LINE;
    const sample: number[] = [];
    for (let probe = 0; probe < 4 * SAMPLE && sample.length < SAMPLE; probe += 1) {
      this.#sampled = (this.#sampled + STRIDE) % 1;
      const slot = Math.floor(this.#sampled * this.#slots);
      const stage = this.#stageOf(slot);
      if (stage !== TIMED && stage !== ASLEEP) continue;
      this.#columns.valueAt(slot, nowMs);
      sample.push(slot);
    }
    return this.#lineInSample(sample, rank / this.#outside);
  }

  #lineInSample(sample: number[], share: number): Line {
    sample.sort((a, b) => (this.#columns.comesBefore(a, b) ? -1 : 1));
    const slot = sample[Math.min(sample.length - 1, Math.ceil(share * sample.length))];
    return slot === undefined ? LAST_LINE : this.#columns.lineAt(slot);
  }

  /** Raises the line to where about twice the candidates wanted stand before it. */
  #thinOut(nowMs: number): void {
    const { size } = this.#candidates;
    const limit = CROWDED * this.#wanted;
    this.#crowdedFrom = Math.max(limit, size);
    if (size <= limit) return;
    const line = this.#lineAmongCandidates((ROOMY * this.#wanted) / size, nowMs);
    this.#raise(line);
    this.#evict(this.#lowering?.target ?? this.#line, nowMs);
    this.#crowdedFrom = Math.max(limit, Math.ceil(1.25 * this.#candidates.size));
  }

  #lineAmongCandidates(share: number, nowMs: number): Line {
    const { slots, size } = this.#candidates;
    const sample: number[] = [];
    for (let probe = 0; probe < SAMPLE; probe += 1) {
      const slot = slots[Math.floor((probe * size) / SAMPLE)] ?? 0;
      if (slot === sample[sample.length - 1]) continue;
      this.#columns.valueAt(slot, nowMs);
      sample.push(slot);
    }
    return this.#lineInSample(sample, share);
  }

  /** Whoever was sorted by a lower line comes early: that is no fault. */
  #raise(line: Line): void {
    const lowering = this.#lowering;
    if (!isLineBefore(this.#line, line)) {
      this.#line = line;
      this.#lowering = undefined;
    } else if (lowering !== undefined && isLineBefore(line, lowering.target)) lowering.target = line;
  }

  #evict(line: Line, nowMs: number): void {
    const most = Math.max(MOST_EVICTED, this.#candidates.size / CROWDED);
    for (let i = this.#candidates.size - 1, evicted = 0; i >= 0 && evicted < most; i -= 1) {
      const slot = this.#candidates.slots[i] ?? 0;
      this.#columns.valueAt(slot, nowMs);
      if (this.#columns.isWithin(slot, line)) continue;
      this.#candidates.remove(slot);
      this.#sort(slot, nowMs);
      evicted += 1;
    }
  }
}
