import { SHARED_PARTITION } from '#core';
import type { GateSet, Lane, ScopedLanes } from '#core';
import type { GivenUp, JetStreamStrategy, Pull } from '#bus';
import { DEFAULT_BUCKET, MOST_BATCHED } from '#contracts';
import type { ConsumerDeclarations, UpstreamConfig } from '#contracts';
import type { Clock } from '#runtime';
import type { CompletionsService } from './completions.service.js';
import type { Flight } from './flight.js';

export interface PullsOptions {
  readonly config: UpstreamConfig;
  readonly strategy: JetStreamStrategy;
  readonly consumers: ConsumerDeclarations;
  readonly gates: GateSet;
  readonly queue: ScopedLanes<Flight>;
  readonly completions: CompletionsService;
  readonly clock: Clock;
  /** Pieces of work that were pulled and wait for the store before they are in the queue. */
  lookedFor(): number;
  /** Orders that were taken and wait for the store. */
  ordersHeld(): number;
  /** Told of each piece of fetch work that is given up, before it ends. */
  onDead(givenUp: GivenUp<unknown>, lane: Lane): Promise<void>;
}

/** Late binding: no more background work is pulled than its tokens will cover in this time. */
const PULL_AHEAD_S = 0.5;
const LEAST_PULLED = 4;
/** More would be decoded in one turn of the loop, with a user's answer behind it. */
const MOST_PULLED = 64;
const MOST_ORDERS = 16;
/** Each may speak of 500 URLs. */
const MOST_ORDERS_HELD = 64;
/** Their answers are in memory while PostgreSQL is away. */
const MOST_DEFERRED = 32;
const LONGEST_STOP_MS = 10_000;
const BACKGROUND: readonly Lane[] = ['soon', 'later'];

/** The work that a holder takes from the streams: orders first of all, and of each bucket as much as it will soon be able to send. */
export class PullsService {
  private readonly pulls: readonly Pull[];

  constructor(private readonly options: PullsOptions) {
    const { config, strategy, consumers } = options;
    const buckets = [DEFAULT_BUCKET, ...config.limits.buckets.map(({ name }) => name)];
    const work = buckets.flatMap((bucket) =>
      BACKGROUND.map((lane) =>
        strategy.open(consumers.fetch(lane, config.id, bucket), {
          room: () => this.room(lane, bucket),
          isIdle: () => this.waiting(lane, bucket) === 0,
          mostInMessage: lane === 'later' ? MOST_BATCHED : 1,
          onDead: (givenUp) => this.options.onDead(givenUp, lane),
        }),
      ),
    );
    const deferred = buckets.map((bucket) => this.openDeferred(bucket));
    this.pulls = [this.openOrders(), ...deferred, ...work];
  }

  /** There may be room again. */
  wake(): void {
    for (const pull of this.pulls) pull.wake();
  }

  /** Nothing more is taken from now on. What is held goes back at once, or with `until` when that is over and it has not ended. */
  async stop(until: Promise<unknown> | undefined): Promise<void> {
    const how = until === undefined ? { giveBack: true } : { giveBack: false, graceMs: LONGEST_STOP_MS, until };
    await Promise.all(this.pulls.map((pull) => pull.stop(how)));
  }

  /** A pause by hand is not to stand behind what waits for the store. */
  private openOrders(): Pull {
    const { config, strategy, consumers, ordersHeld } = this.options;
    const pull: Pull = strategy.open(consumers.control(config.id), {
      room: () => MOST_ORDERS + Math.min(ordersHeld(), MOST_ORDERS_HELD) - pull.held(),
    });
    return pull;
  }

  /** Not by what waits in their lane: with many clients that wait there would never be room for those that do not. */
  private openDeferred(bucket: string): Pull {
    const { config, strategy, consumers } = this.options;
    const pull: Pull = strategy.open(consumers.fetch('now', config.id, bucket), {
      room: () => (this.isPaused(bucket) ? 0 : MOST_DEFERRED - pull.held()),
      onDead: (givenUp) => this.options.onDead(givenUp, 'now'),
    });
    return pull;
  }

  private isPaused(bucket: string): boolean {
    const { clock, gates } = this.options;
    return gates.pausedUntil(gates.scopesOf({ bucket, partition: SHARED_PARTITION }), clock.now()) !== undefined;
  }

  /** A pause is not pulling; a paused bucket does not keep another from being pulled. */
  private room(lane: Lane, bucket: string): number {
    const { clock, completions, gates } = this.options;
    const nowMs = clock.now();
    const scopes = gates.scopesOf({ bucket, partition: SHARED_PARTITION });
    if (gates.pausedUntil(scopes, nowMs) !== undefined) return 0;
    if (lane === 'later' && completions.fullness() >= 0.5) return 0;
    const ahead = Math.min(MOST_PULLED, Math.max(LEAST_PULLED, Math.ceil(gates.rate(scopes, nowMs) * PULL_AHEAD_S)));
    return ahead - this.waiting(lane, bucket);
  }

  /** Pieces of work, not messages: of a batch each has a flight. */
  private waiting(lane: Lane, bucket: string): number {
    const { gates, queue, lookedFor } = this.options;
    return queue.depthsOf(gates.scopesOf({ bucket, partition: SHARED_PARTITION }))[lane] + lookedFor();
  }
}
