import { Headroom } from '#core';
import { watchLoopLateness } from '#runtime';
import type { Clock } from '#runtime';

const LOOK_EVERY_MS = 100;
/** Someone who asked this long ago has been answered, or will be told by another limit. */
const USERS_MATTER_FOR_MS = 2_000;

/** Makes room in this process for whoever waits: while users call, the background has no more in flight than the event loop can bear. */
export class HeadroomService {
  readonly headroom = new Headroom();
  private readonly lateness = watchLoopLateness();
  private readonly looking: NodeJS.Timeout;
  private userAskedAtMs = -Infinity;

  constructor(
    private readonly clock: Clock,
    backgroundInFlight: () => number,
  ) {
    this.looking = setInterval(() => this.look(backgroundInFlight()), LOOK_EVERY_MS);
  }

  userAsked(): void {
    this.userAskedAtMs = this.clock.now();
  }

  stop(): void {
    clearInterval(this.looking);
    this.lateness.stop();
  }

  private look(inFlight: number): void {
    const lateMs = this.lateness.takeMs();
    if (this.clock.now() - this.userAskedAtMs > USERS_MATTER_FOR_MS) this.headroom.lift();
    else this.headroom.seen(lateMs, inFlight);
  }
}
