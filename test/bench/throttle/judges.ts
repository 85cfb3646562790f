import { setTimeout as sleep } from 'node:timers/promises';
import { judgeAt } from '../story/judge-client.js';
import type { Cell } from './cells.js';
import { beatMs } from './rows.js';
import { tallyOf, type Seen, type Tally } from './tally.js';

interface Page {
  arrivals: { atMs: number; status: number; kind: string }[];
  next: number;
  clock: { zeroMs: number; nowMs: number };
}

const PAGE = 50_000;
const LEARNED_AFTER_PAUSES = 3;
const LOOK_MS = 500;
/** A call that has just been let in is answered within this. */
const LAST_ANSWERS_MS = 1_500;

/** The upstream of one cell, and what it saw, told on its own clock. */
export class CellJudge {
  constructor(
    private readonly cell: Cell,
    readonly url: string,
  ) {}

  /** Until the time is up, or, where limits are learned, the third pause is over. Tells how many pauses there were. */
  async warmedUp({ withinMs, signal }: { withinMs: number; signal: AbortSignal }): Promise<number> {
    const deadlineMs = performance.now() + withinMs;
    const wanted = this.cell.mode === 'learned' ? LEARNED_AFTER_PAUSES : Infinity;
    for (;;) {
      const pauses = await this.pausesOver();
      if (performance.now() >= deadlineMs || pauses >= wanted) return pauses;
      await sleep(LOOK_MS, undefined, { signal });
    }
  }

  /** Begins on a beat of the upstream's own clock. */
  async measure({ forMs, signal }: { forMs: number; signal: AbortSignal }): Promise<Tally> {
    const { clock } = await this.page(0, 0);
    const beat = beatMs(this.cell.row);
    const startMs = Math.ceil(clock.nowMs / beat) * beat;
    const endMs = startMs + forMs;
    await sleep(endMs + LAST_ANSWERS_MS - clock.nowMs, undefined, { signal });
    return tallyOf(this.cell.row, await this.seen({ startMs, endMs }));
  }

  private async seen({ startMs, endMs }: { startMs: number; endMs: number }): Promise<Seen> {
    const arrivals: { atMs: number; status: number; kind: string }[] = [];
    let zeroMs = 0;
    for (let row = 0; ;) {
      const page = await this.page(row, PAGE);
      ({ zeroMs } = page.clock);
      for (const { atMs, status, kind } of page.arrivals) arrivals.push({ atMs: atMs + zeroMs, status, kind });
      if (page.arrivals.length < PAGE) break;
      row = page.next;
    }
    const { pauses } = await judgeAt(this.url).score();
    return { startMs, endMs, arrivals, pauseEndsMs: pauses.map(({ endsMs }) => endsMs + zeroMs) };
  }

  private async page(since: number, limit: number): Promise<Page> {
    const response = await fetch(`${this.url}/__judge/arrivals?since=${since}&limit=${limit}`);
    // The judge is ours: its answers are believed.
    return (await response.json()) as Page;
  }

  private async pausesOver(): Promise<number> {
    const { pauses, elapsedMs, perSecond } = await judgeAt(this.url).score();
    if (this.cell.row.tells) return pauses.filter(({ endsMs }) => endsMs < elapsedMs).length;
    return runsOf(perSecond.throttled);
  }
}

/** How often a second with throttles was followed by one without. */
export function runsOf(counts: readonly number[]): number {
  return counts.filter((count, i) => count > 0 && counts[i + 1] === 0).length;
}
