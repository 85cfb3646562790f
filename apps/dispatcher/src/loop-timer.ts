import type { Clock } from '#runtime';

/** Timers beyond 24 days fire at once. */
const LONGEST_SLEEP_MS = 60_000;

/** When the loop looks again: at a time, or as soon as the network has had its turn. The last word counts. */
export class LoopTimer {
  private timer: NodeJS.Timeout | undefined;
  private turn: NodeJS.Immediate | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly look: () => void,
  ) {}

  /** It has more to do and lets others go first. */
  get isYielding(): boolean {
    return this.turn !== undefined;
  }

  at(wakeMs: number | undefined): void {
    this.stop();
    if (wakeMs === undefined) return;
    const inMs = Math.max(1, Math.ceil(wakeMs - this.clock.now()));
    this.timer = setTimeout(this.look, Math.min(inMs, LONGEST_SLEEP_MS));
  }

  afterOthers(): void {
    this.stop();
    this.turn = setImmediate(() => {
      this.turn = undefined;
      this.look();
    });
  }

  stop(): void {
    clearTimeout(this.timer);
    clearImmediate(this.turn);
    this.turn = undefined;
  }
}
