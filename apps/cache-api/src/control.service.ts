import { randomUUID } from 'node:crypto';
import type { Bus, Publisher } from '#bus';
import type { ControlWork, UpstreamState } from '#contracts';
import type { Clock } from '#runtime';
import { ProblemException } from './problem.filter.js';
import type { StatesService } from './states.service.js';
import type { UpstreamView } from './upstream-view.js';

const LONGEST_WAIT_MS = 3_000;
const LOOK_EVERY_MS = 25;

export interface ControlOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly states: StatesService;
  readonly clock: Clock;
}

/** Orders to the holder of an upstream; answered when its live state shows them carried out. */
export class ControlService {
  constructor(private readonly options: ControlOptions) {}

  async pause({ id }: UpstreamView, forMs: number): Promise<UpstreamState> {
    const askedAtMs = this.options.clock.now();
    await this.order(id, { kind: 'pause', forMs });
    // Another process's clock may differ a little; a pause that was longer already stays.
    return this.untilShown(
      id,
      ({ pausedUntil }) => pausedUntil !== null && pausedUntil > askedAtMs + forMs - CLOCKS_APART_MS,
    );
  }

  async resume({ id }: UpstreamView): Promise<UpstreamState> {
    await this.order(id, { kind: 'resume' });
    return this.untilShown(id, ({ state }) => state !== 'paused');
  }

  private async order(upstream: string, order: { kind: 'pause'; forMs: number } | { kind: 'resume' }): Promise<void> {
    const { bus, publisher } = this.options;
    const work: ControlWork = { ...publisher.envelope({ cause: 'control-plane' }), upstream, ...order };
    const verdict = await publisher.publishWork(bus.subjects.control(upstream, randomUUID()), work);
    if (verdict === 'stored') return;
    throw new ProblemException({
      code: 'bus_away',
      detail: `the order could not be given (${verdict}); try again`,
      upstream,
      retryAfterMs: LONGEST_WAIT_MS,
    });
  }

  private async untilShown(upstream: string, isShown: (state: UpstreamState) => boolean): Promise<UpstreamState> {
    const { states, clock } = this.options;
    const untilMs = clock.now() + LONGEST_WAIT_MS;
    while (clock.now() < untilMs) {
      const state = states.stateOf(upstream);
      if (state !== undefined && isShown(state)) return state;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    const detail = 'the order is kept, but no dispatcher has carried it out yet';
    throw new ProblemException({ code: 'holder_away', detail, upstream, retryAfterMs: LONGEST_WAIT_MS });
  }
}

const CLOCKS_APART_MS = 1_000;
