import { setTimeout as delay } from 'node:timers/promises';
import { PubHeaders } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/nats-core';
import type { DeadMessage, Envelope, EventName, EventPayloads } from '#contracts';
import { AckedPublishes } from './acked-publishes.js';
import type { Bus } from './connection.js';
import { createEnvelopeMaker, type EnvelopeMaker, type EnvelopeSource } from './envelope.js';
import { isAway, isFull, isNobodyThere, isStreamNotFound, isTwinPending } from './faults.js';

/** `away`: no acknowledgement came. It may have been stored all the same: the handler of the work bears that. */
export type PublishVerdict = 'stored' | 'already-pending' | 'full' | 'away';
export type CountPublished = (kind: 'work' | 'event' | 'dead' | 'core', verdict: PublishVerdict) => void;

export interface PublisherOptions {
  /** Names the process in the ids of its messages. */
  readonly identity: string;
  readonly counted?: CountPublished;
}

export interface EventSource extends EnvelopeSource {
  readonly headers?: Readonly<Record<string, string>>;
}

export type DeadLetter = Omit<DeadMessage, keyof Envelope>;

/** Calls may overlap without bound: nothing is awaited one by one. */
export interface Publisher {
  readonly envelope: EnvelopeMaker;
  /** `alone`: `already-pending` where a message of this subject is in the stream, also where the stream takes several. */
  publishWork(subject: string, message: Envelope, how?: { readonly alone: boolean }): Promise<PublishVerdict>;
  publishEvent<N extends EventName>(name: N, payload: EventPayloads[N], source: EventSource): Promise<PublishVerdict>;
  /** `msgID` makes saying it twice harmless. */
  publishDead(letter: DeadLetter, source: EnvelopeSource & { readonly msgID?: string }): Promise<PublishVerdict>;
  /** Not kept by anyone: `away` when nobody can hear it. */
  publishCore(subject: string, message: object): PublishVerdict;
}

const ACK_TIMEOUT_MS = 2_000;
const PROVISION_TIMEOUT_MS = 5_000;

export function createPublisher(bus: Bus, options: PublisherOptions): Publisher {
  return new BusPublisher(bus, options);
}

class BusPublisher implements Publisher {
  readonly envelope: EnvelopeMaker;
  private readonly counted: CountPublished;
  private readonly waiting = new Set<() => void>();
  private readonly publishes: AckedPublishes;

  constructor(
    private readonly bus: Bus,
    options: PublisherOptions,
  ) {
    this.publishes = new AckedPublishes(bus, ACK_TIMEOUT_MS);
    this.envelope = createEnvelopeMaker(bus.clock, options.identity);
    this.counted = options.counted ?? ((): void => undefined);
    bus.onAway(() => this.giveUpWaiting());
  }

  async publishWork(subject: string, message: Envelope, how = { alone: false }): Promise<PublishVerdict> {
    const extra = how.alone ? headersOf({ [PubHeaders.ExpectedLastSubjectSequenceHdr]: '0' }) : undefined;
    const verdict = await this.store(subject, message, extra);
    this.counted('work', verdict);
    return verdict;
  }

  async publishEvent<N extends EventName>(
    name: N,
    payload: EventPayloads[N],
    source: EventSource,
  ): Promise<PublishVerdict> {
    const message = { ...this.envelope(source), ...payload };
    const extra = source.headers === undefined ? undefined : headersOf(source.headers);
    const verdict = await this.store(this.bus.subjects.event(name), message, extra);
    this.counted('event', verdict);
    return verdict;
  }

  async publishDead(letter: DeadLetter, source: EnvelopeSource & { readonly msgID?: string }): Promise<PublishVerdict> {
    const message: DeadMessage = { ...this.envelope(source), ...letter };
    const subject = this.bus.subjects.dead(letter.upstream, letter.key);
    const { msgID } = source;
    const extra = msgID === undefined ? undefined : headersOf({ [PubHeaders.MsgIdHdr]: msgID });
    const verdict = await this.store(subject, message, extra);
    this.counted('dead', verdict);
    return verdict;
  }

  publishCore(subject: string, message: object): PublishVerdict {
    const verdict = this.bus.connected() ? 'stored' : 'away';
    if (verdict === 'stored') this.bus.nc.publish(subject, JSON.stringify(message));
    this.counted('core', verdict);
    return verdict;
  }

  private async store(subject: string, message: object, extra: MsgHdrs | undefined): Promise<PublishVerdict> {
    const payload = JSON.stringify(message);
    const attempt = (): Promise<PublishVerdict | 'no-stream'> => this.storeOnce(subject, payload, extra);
    let verdict = await attempt();
    if (verdict === 'no-stream' && (await this.provisionedInTime())) verdict = await attempt();
    return verdict === 'no-stream' ? 'away' : verdict;
  }

  /** While away the client would buffer what is published and send it at some later time: it is not given anything then. */
  private async storeOnce(
    subject: string,
    payload: string,
    extra: MsgHdrs | undefined,
  ): Promise<PublishVerdict | 'no-stream'> {
    if (!this.bus.connected()) return 'away';
    try {
      return await this.unlessAway(this.publishes.publish(subject, payload, extra));
    } catch (error) {
      return this.afterFault(error);
    }
  }

  /** Where others listen to the subject, a missing stream shows as a time-out: it is looked for, but not waited for. */
  private afterFault(error: unknown): PublishVerdict | 'no-stream' {
    const verdict = verdictOf(error);
    if (verdict === 'away' && this.bus.connected()) void this.bus.provisionAgain();
    return verdict;
  }

  private unlessAway(acknowledged: Promise<unknown>): Promise<PublishVerdict> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => resolve('away');
      this.waiting.add(giveUp);
      acknowledged.then(() => resolve('stored'), reject).finally(() => this.waiting.delete(giveUp));
    });
  }

  private giveUpWaiting(): void {
    for (const giveUp of this.waiting) giveUp();
    this.waiting.clear();
  }

  private async provisionedInTime(): Promise<boolean> {
    const ended = new AbortController();
    const late = delay(PROVISION_TIMEOUT_MS, false, { signal: ended.signal, ref: false }).catch(() => false);
    const done = this.bus.provisionAgain().then(() => true);
    return Promise.race([done, late]).finally(() => ended.abort());
  }
}

/** What may be expected of a broker is a verdict; the rest (a message too large, a denied subject) is thrown. */
function verdictOf(error: unknown): PublishVerdict | 'no-stream' {
  if (isTwinPending(error)) return 'already-pending';
  if (isFull(error)) return 'full';
  if (isNobodyThere(error) || isStreamNotFound(error)) return 'no-stream';
  if (isAway(error)) return 'away';
  throw error;
}

function headersOf(fields: Readonly<Record<string, string>>): MsgHdrs {
  const made = headers();
  for (const [name, value] of Object.entries(fields)) made.set(name, value);
  return made;
}
