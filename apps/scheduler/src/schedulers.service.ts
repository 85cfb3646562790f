import { createLeaseKeeper, subscribeEvents, subscribeLearned, subscribeStates } from '#bus';
import type { Bus, LeaseKeeper, MemberList, Membership, Publisher } from '#bus';
import { leaseKeys } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import type { Clock, ConfiguredUpstream, Logger } from '#runtime';
import type { EntryRepository, ResourceRepository, ResourceStatRepository, UpstreamRepository } from '#store';
import type { Configured } from './leaving.service.js';
import { RemindersService } from './reminders.service.js';
import type { ScheduleMetrics } from './schedule-metrics.js';

export interface SchedulersOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly membership: Membership;
  readonly members: MemberList;
  readonly upstreams: UpstreamRepository;
  readonly resources: ResourceRepository;
  readonly entries: EntryRepository;
  readonly stats: ResourceStatRepository;
  readonly metrics: ScheduleMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** So much faster than the world's runs the clock that maxAge and half-lives are meant by. */
  readonly timeScale: number;
}

/** What this replica keeps for one upstream, whether it reminds or stands by. */
interface Seat {
  configured: Configured;
  readonly lease: LeaseKeeper;
  reminders: RemindersService | undefined;
}

const LOOK_EVERY_MS = 2_000;
const FACTS = [
  'entry.stored',
  'entry.invalidated',
  'entry.stale',
  'entry.removed',
  'fetch.answered',
  'fetch.failed',
  'fetch.dropped',
] as const;

/** Stands for the schedule of every upstream of the configuration, and reminds for those whose lease it has. */
export class SchedulersService {
  private readonly seats = new Map<string, Seat>();
  private readonly closers: (() => void)[];
  private looking = false;

  constructor(private readonly options: SchedulersOptions) {
    const { bus } = options;
    const timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    this.closers = [
      () => clearInterval(timer),
      subscribeEvents(bus, FACTS, (event) => this.remindersOf(event.message.upstream)?.heard(event)),
      subscribeStates(bus, (state) => this.remindersOf(state.upstream)?.heardState(state)),
      subscribeLearned(bus, (learned) => this.remindersOf(learned.upstream)?.heardLearned(learned)),
      bus.onReconnected(() => this.startOver()),
    ];
  }

  remindersOf(upstream: string): RemindersService | undefined {
    return this.seats.get(upstream)?.reminders;
  }

  async apply(configured: readonly ConfiguredUpstream<UpstreamConfig>[]): Promise<void> {
    const wanted = new Map(configured.map(({ id, config, version }) => [id, { config, version }]));
    const gone = [...this.seats].filter(([id]) => !wanted.has(id));
    await Promise.all(gone.map(([id, seat]) => this.leave(id, seat)));
    for (const [id, news] of wanted) this.configure(id, news);
  }

  async close(): Promise<void> {
    for (const close of this.closers) close();
    await Promise.all([...this.seats].map(([id, seat]) => this.leave(id, seat)));
  }

  private configure(id: string, configured: Configured): void {
    const seat = this.seats.get(id);
    if (seat === undefined) return this.standFor(id, configured);
    seat.configured = configured;
    seat.reminders?.configure(configured);
  }

  private standFor(id: string, configured: Configured): void {
    const { bus, clock, membership, members } = this.options;
    const seat: Seat = {
      configured,
      reminders: undefined,
      lease: createLeaseKeeper({
        bus,
        key: leaseKeys.scheduler(id),
        holder: membership.id,
        clock,
        // Nobody is fenced off by it: a reminder too many is coalesced by the broker, or found overtaken.
        nextFence: () => Promise.resolve(1),
        onHeld: () => this.hold(id, seat),
        onEnded: () => this.letGo(seat),
        steadyMembers: () => members.steady(),
      }),
    };
    this.seats.set(id, seat);
  }

  private hold(id: string, seat: Seat): void {
    seat.reminders = new RemindersService(seat.configured, {
      ...this.options,
      upstream: id,
      mayRemind: () => seat.lease.valid(),
    });
    void this.look();
  }

  private letGo(seat: Seat): void {
    seat.reminders?.close();
    seat.reminders = undefined;
  }

  private async leave(id: string, seat: Seat): Promise<void> {
    this.seats.delete(id);
    await seat.lease.release();
    this.letGo(seat);
  }

  private startOver(): void {
    for (const { reminders } of this.seats.values()) reminders?.startOver();
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      const revisions = await this.options.upstreams.readResourceRevisions();
      for (const [id, { reminders }] of this.seats) reminders?.look(revisions.get(id));
    } catch (error) {
      this.options.logger.warn({ err: error }, 'the lists of resources could not be looked at; trying again');
    } finally {
      this.looking = false;
    }
  }
}
