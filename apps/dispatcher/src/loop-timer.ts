import type { Clock } from '#runtime';

/** Timers beyond 24 days fire at once. */
const LONGEST_SLEEP_MS = 60_000;

/** Steps before the network has its turn, while users ask. */
const WITH_USERS = 8;
/** What leaves together shares the cost of writing and waking: without users that is worth more than their place. */
const WITHOUT_USERS = 128;
const USERS_ARE_AROUND_MS = 2_000;

/** When the loop looks again: at a time, or as soon as the network has had its turn. The last word counts. */
export class LoopTimer {
  private timer: NodeJS.Timeout | undefined;
  private turn: NodeJS.Immediate | undefined;

  private userAskedMs = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly look: () => void,
  ) {}

  /** It has more to do and lets others go first. */
  get isYielding(): boolean {
    return this.turn !== undefined;
  }

  userAsked(): void {
    this.userAskedMs = this.clock.now();
  }

  /** How many steps may be taken in one turn. */
  stepsInOneTurn(): number {
    return this.clock.now() - this.userAskedMs < USERS_ARE_AROUND_MS ? WITH_USERS : WITHOUT_USERS;
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
