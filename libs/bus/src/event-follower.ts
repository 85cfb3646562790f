import { setTimeout as delay } from 'node:timers/promises';
import { DeliverPolicy, type ConsumerMessages, type JsMsg, type StreamInfo } from '@nats-io/jetstream';
import { declareStreams, eventNameOf, type EventName } from '#contracts';
import type { Bus } from './connection.js';
import { eventDelivery, type EventSubscriptionOptions, type StopListening, type ToldEvent } from './event-feed.js';

export interface FollowOptions extends EventSubscriptionOptions {
  /** The first stream sequence wanted; absent: only what is told from now on. */
  readonly fromSequence?: number;
}

export type FollowedEvent = ToldEvent<EventName> & { readonly sequence: number };
export type FollowHandler = (event: FollowedEvent) => Promise<void> | void;

const REOPEN_DELAY_MS = 250;

/** Every event in the order of its stream, also those of a time away. A handler that takes its time is waited for. */
export function followEvents(bus: Bus, options: FollowOptions, handler: FollowHandler): StopListening {
  const follower = new EventFollower(bus, options, handler);
  void follower.run();
  return () => follower.stop();
}

/**
 * Reads one ordered consumer after another, each from the sequence after the last event handed over.
 * A reconnect ends the one at hand. Where the stream was made anew, its sequences begin again, and so does the reading.
 */
class EventFollower {
  private readonly stream: string;
  private stopped = false;
  private next: number | null;
  private streamMadeAt: string | null = null;
  private reading: ConsumerMessages | null = null;
  private readonly unlisten: () => void;

  constructor(
    private readonly bus: Bus,
    private readonly options: FollowOptions,
    private readonly handler: FollowHandler,
  ) {
    this.stream = declareStreams(bus.subjects).events.name;
    this.next = options.fromSequence ?? null;
    this.unlisten = bus.onReconnected(() => this.endReading());
  }

  stop(): void {
    this.stopped = true;
    this.unlisten();
    this.endReading();
  }

  async run(): Promise<void> {
    while (!this.stopped && !this.bus.nc.isClosed()) {
      await this.readUntilEnd();
      if (!this.stopped) await delay(REOPEN_DELAY_MS, undefined, { ref: false });
    }
  }

  private async readUntilEnd(): Promise<void> {
    if (!this.bus.connected()) return;
    try {
      this.reading = await this.open();
      for await (const msg of this.reading) await this.handOver(msg);
    } catch (error) {
      this.bus.logger.warn({ reason: String(error) }, 'cannot follow the events yet');
      await this.bus.provisionAgain();
    } finally {
      this.reading = null;
    }
  }

  private async open(): Promise<ConsumerMessages> {
    const info = await this.bus.jsm.streams.info(this.stream);
    this.next = this.startIn(info);
    this.streamMadeAt = info.created;
    const consumer = await this.bus.js.consumers.get(this.stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.next,
    });
    return consumer.consume({ abort_on_missing_resource: true });
  }

  /** A sequence beyond the end of the stream was given out by an earlier stream: then all that this one has is news. */
  private startIn(info: StreamInfo): number {
    const end = info.state.last_seq + 1;
    const anew = this.streamMadeAt !== null && this.streamMadeAt !== info.created;
    if (anew || (this.next !== null && this.next > end)) return Math.max(1, info.state.first_seq);
    return Math.max(1, this.next ?? end);
  }

  private async handOver(msg: JsMsg): Promise<void> {
    if (this.stopped) return;
    this.next = msg.seq + 1;
    const deliver = eventDelivery<EventName>(
      this.bus,
      (event) => this.handler({ ...event, sequence: msg.seq }),
      this.options.counted,
    );
    await deliver(eventNameOf(msg.subject, this.bus.subjects.namespace), msg.data);
  }

  private endReading(): void {
    void this.reading?.close();
  }
}
