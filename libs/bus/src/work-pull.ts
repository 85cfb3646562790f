import { setTimeout as delay } from 'node:timers/promises';
import { nanos, type Msg, type Subscription } from '@nats-io/nats-core';
import type { ConsumerDeclaration } from '#contracts';
import type { Bus } from './connection.js';
import { HeldWork } from './held-work.js';
import { PullDemand } from './pull-demand.js';
import { readPullStatus } from './pull-status.js';
import { within } from './within.js';
import { WorkDesk, type WorkDeskOptions, type WorkOutcome } from './work-desk.js';
import { WorkMessage } from './work-message.js';
import { ensureConsumer } from './work-consumer.js';

export interface PullOptions<Message> extends WorkDeskOptions<Message> {
  /** How many more pieces of work could be taken now, besides those already handed over. Call `wake()` when it grows. */
  readonly room: () => number;
  /** How many pieces one message may bring. Default: one. */
  readonly mostInMessage?: number;
  /** Whether nothing waits here: then a message is taken although it may bring more than there is room for. Default: nothing is held. */
  readonly isIdle?: () => boolean;
}

export interface Pull {
  readonly durable: string;
  /** Resolves once the consumer was made for the first time. */
  readonly opened: Promise<void>;
  /** Resolves once `stop` is through. */
  readonly stopped: Promise<void>;
  /** In pieces of work. */
  held(): number;
  /** Room has grown, or may have. */
  wake(): void;
  /** Asks for nothing more. What was asked for already may still come within `PULL_EXPIRES_MS`, and is handed over. */
  pause(): void;
  resume(): void;
  paused(): boolean;
  /** `giveBack`: all that is held goes back at once. Otherwise handlers may end, for `graceMs` and no longer than `until`; then the rest goes back. */
  stop(how: StopHow): Promise<void>;
}

export interface StopHow {
  readonly giveBack: boolean;
  readonly graceMs?: number;
  readonly until?: Promise<unknown>;
}

export const PULL_EXPIRES_MS = 3_000;
const TICK_MS = 1_000;
/** A request that the broker has not ended this long after its time is lost: servers before 2.11 tell nobody that a consumer was deleted. */
const OVERDUE_TICKS = PULL_EXPIRES_MS / TICK_MS + 1;
const REOPEN_DELAY_MS = 250;
const GRACE_MS = 5_000;
const FLUSH_TIMEOUT_MS = 1_000;

export function openPull<Message>(bus: Bus, consumer: ConsumerDeclaration, options: PullOptions<Message>): Pull {
  return new WorkPull(bus, consumer, options);
}

/**
 * *Opening*: the consumer is being made; nothing is asked for, and what handlers say is kept (see HeldWork).
 * Entered at the start, when the connection is lost, and when the broker says that consumer or stream are gone.
 * *Open*: messages are asked for as there is room. Entered when consumer and stream are known to exist.
 * *Stopped*: for good.
 */
class WorkPull<Message> implements Pull {
  readonly opened: Promise<void>;
  readonly stopped: Promise<void>;
  private end: () => void = () => undefined;
  private state: 'opening' | 'open' | 'stopped' = 'opening';
  private isPaused = false;
  private stream: string | null = null;
  private opening: Promise<void> | null = null;
  /** Counts what makes a consumer's opening that has begun before it worthless. */
  private losses = 0;
  private asking = false;
  private ticksSinceAsked = 0;
  private readonly demand: PullDemand;
  private readonly work = new HeldWork();
  private readonly ended = new AbortController();
  /** What was under way when we stopped: it is for someone else. */
  private readonly strays: WorkMessage[] = [];
  private readonly inbox: string;
  private readonly subscription: Subscription;
  private readonly ticker: NodeJS.Timeout;
  private readonly unlisten: (() => void)[];
  private readonly desk: WorkDesk<Message>;

  constructor(
    private readonly bus: Bus,
    private readonly consumer: ConsumerDeclaration,
    private readonly options: PullOptions<Message>,
  ) {
    this.desk = new WorkDesk(bus, options, this.ended.signal);
    this.demand = new PullDemand(options.mostInMessage);
    this.inbox = bus.inbox();
    this.subscription = bus.nc.subscribe(this.inbox, { callback: (_, msg) => this.arrived(msg) });
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    this.unlisten = [bus.onAway(() => this.suspend()), bus.onReconnected(() => this.reopen())];
    this.opened = this.reopen();
    this.stopped = new Promise((resolve) => (this.end = resolve));
  }

  get durable(): string {
    return this.consumer.durable;
  }

  held(): number {
    return this.work.pieces;
  }

  /** Answers of many handlers in one turn of the loop lead to one request. */
  wake(): void {
    if (this.asking) return;
    this.asking = true;
    setImmediate(() => {
      this.asking = false;
      this.ask();
    });
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.wake();
  }

  paused(): boolean {
    return this.isPaused;
  }

  async stop({ giveBack, graceMs = GRACE_MS, until }: StopHow): Promise<void> {
    if (this.state === 'stopped') return this.stopped;
    this.state = 'stopped';
    for (const unlisten of this.unlisten) unlisten();
    const drained = this.bus.connected() ? this.subscription.drain() : Promise.resolve(this.subscription.unsubscribe());
    // Not before the broker knows that this inbox is closed: it would send here again what it just got back.
    // (2.9.10 does so even then, once for each request that is open. Such a message comes again after the ack wait.)
    await atMost(FLUSH_TIMEOUT_MS, drained);
    for (const stray of this.strays) stray.say({ kind: 'nak', delayMs: 0 });
    const ended = this.work.untilEmpty();
    if (!giveBack) await atMost(graceMs, until === undefined ? ended : Promise.race([ended, until]));
    this.work.giveBackAll();
    this.ended.abort();
    clearInterval(this.ticker);
    if (this.bus.connected()) await atMost(FLUSH_TIMEOUT_MS, this.bus.nc.flush());
    this.end();
  }

  private suspend(): void {
    if (this.state === 'stopped') return;
    this.losses += 1;
    this.state = 'opening';
    this.work.suspendWords();
    this.demand.forget();
  }

  private reopen(): Promise<void> {
    this.suspend();
    this.opening ??= this.openUntilDone().finally(() => (this.opening = null));
    return this.opening;
  }

  private async openUntilDone(): Promise<void> {
    while (this.state === 'opening') {
      if (this.bus.connected() && (await this.openOnce())) return;
      await delay(REOPEN_DELAY_MS, undefined, { ref: false });
    }
  }

  private async openOnce(): Promise<boolean> {
    const { losses } = this;
    try {
      const stream = await ensureConsumer(this.bus, this.consumer);
      if (losses !== this.losses || this.state !== 'opening') return false;
      this.becomeOpen(stream);
      return true;
    } catch (error) {
      this.bus.logger.warn({ consumer: this.durable, reason: String(error) }, 'cannot open the consumer yet');
      return false;
    }
  }

  private becomeOpen(stream: string): void {
    if (this.stream !== null && this.stream !== stream) this.forgetLost();
    this.stream = stream;
    this.state = 'open';
    this.work.resumeWords();
    this.wake();
  }

  private forgetLost(): void {
    const lost = this.work.forgetAll();
    for (let n = 0; n < lost; n += 1) this.count('forgotten');
    this.bus.logger.warn(
      { consumer: this.durable, lost },
      'the stream was made anew: what was held of the old one is gone',
    );
  }

  private ask(): void {
    if (this.state !== 'open' || this.isPaused || !this.bus.connected()) return;
    const batch = this.demand.toAsk(this.options.room(), this.isIdle());
    if (batch === 0) return;
    this.demand.asked(batch);
    this.ticksSinceAsked = 0;
    const request = JSON.stringify({ batch, expires: nanos(PULL_EXPIRES_MS) });
    this.bus.nc.publish(nextSubject(this.consumer), request, { reply: this.inbox });
  }

  private isIdle(): boolean {
    return this.options.isIdle === undefined ? this.work.pieces === 0 : this.options.isIdle();
  }

  private tick(): void {
    this.ticksSinceAsked += 1;
    const overdue = this.demand.outstanding > 0 && this.ticksSinceAsked > OVERDUE_TICKS;
    if (overdue || (this.state === 'opening' && this.opening === null)) void this.reopen();
    this.work.keepAlive();
    this.wake();
  }

  private arrived(msg: Msg): void {
    const status = readPullStatus(msg);
    if (status === null) return this.receive(new WorkMessage(msg));
    if (status.kind === 'gone') return void this.reopen();
    if (status.kind === 'ended') this.demand.ended(status.unsent ?? this.demand.outstanding);
    this.wake();
  }

  private receive(work: WorkMessage): void {
    const reading = this.desk.read(work);
    this.demand.received(reading.pieces);
    this.wake();
    if (this.state === 'stopped') return void this.strays.push(work);
    if (!this.work.take(work, reading.pieces)) return this.count('redelivered');
    this.count('received');
    void this.desk.judge(work, reading).then((word) => {
      this.work.settle(work, word);
      this.wake();
    });
  }

  private count(outcome: WorkOutcome): void {
    this.options.counted?.(outcome);
  }
}

const nextSubject = (consumer: ConsumerDeclaration): string =>
  `$JS.API.CONSUMER.MSG.NEXT.${consumer.stream}.${consumer.durable}`;

const atMost = (longestMs: number, awaited: Promise<unknown>): Promise<unknown> =>
  within(longestMs, awaited).catch(() => undefined);
