import { setTimeout as delay } from 'node:timers/promises';
import { PubHeaders } from '@nats-io/jetstream';
import { errors, headers, type MsgHdrs } from '@nats-io/nats-core';
import type { DeadMessage, Envelope, EventName, EventPayloads } from '#contracts';
import { AckedPublishes, type Outgoing, type Settle } from './acked-publishes.js';
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

/** Facts of which there are many and that nobody waits for; all others are sent at once. */
const FACTS_OF_FETCHES: ReadonlySet<EventName> = new Set<EventName>([
  'entry.stored',
  'entry.stale',
  'fetch.answered',
  'fetch.failed',
  'fetch.dropped',
]);

class BusPublisher implements Publisher {
  readonly envelope: EnvelopeMaker;
  private readonly counted: CountPublished;
  private readonly publishes: AckedPublishes;

  constructor(
    private readonly bus: Bus,
    options: PublisherOptions,
  ) {
    this.publishes = new AckedPublishes(bus, ACK_TIMEOUT_MS);
    this.envelope = createEnvelopeMaker(bus.clock, options.identity);
    this.counted = options.counted ?? ((): void => undefined);
    bus.onAway(() => this.publishes.giveUpAll(lost()));
  }

  publishWork(subject: string, message: Envelope, how = { alone: false }): Promise<PublishVerdict> {
    const extra = how.alone ? headersOf({ [PubHeaders.ExpectedLastSubjectSequenceHdr]: '0' }) : undefined;
    return this.store('work', { subject, payload: JSON.stringify(message), headers: extra, urgent: false });
  }

  publishEvent<N extends EventName>(name: N, payload: EventPayloads[N], source: EventSource): Promise<PublishVerdict> {
    return this.store('event', {
      subject: this.bus.subjects.event(name),
      payload: joined(this.envelope(source), payload),
      headers: source.headers === undefined ? undefined : headersOf(source.headers),
      urgent: !FACTS_OF_FETCHES.has(name),
    });
  }

  publishDead(letter: DeadLetter, source: EnvelopeSource & { readonly msgID?: string }): Promise<PublishVerdict> {
    const { msgID } = source;
    return this.store('dead', {
      subject: this.bus.subjects.dead(letter.upstream, letter.key),
      payload: joined(this.envelope(source), letter),
      headers: msgID === undefined ? undefined : headersOf({ [PubHeaders.MsgIdHdr]: msgID }),
      urgent: false,
    });
  }

  publishCore(subject: string, message: object): PublishVerdict {
    const verdict = this.bus.connected() ? 'stored' : 'away';
    if (verdict === 'stored') this.bus.nc.publish(subject, JSON.stringify(message));
    this.counted('core', verdict);
    return verdict;
  }

  /** One promise a message where all goes well: this is done several times for each refresh. */
  private store(kind: 'work' | 'event' | 'dead', outgoing: Outgoing): Promise<PublishVerdict> {
    return new Promise((resolve, reject) => {
      const settle = (verdict: PublishVerdict): void => {
        this.counted(kind, verdict);
        resolve(verdict);
      };
      this.attempt(outgoing, (fault) => {
        if (fault === undefined) settle('stored');
        else this.afterFault(outgoing, fault).then(settle, reject);
      });
    });
  }

  /** While away the client would buffer what is published and send it at some later time: it is not given anything then. */
  private attempt(outgoing: Outgoing, settle: Settle): void {
    if (this.bus.connected()) this.publishes.publish(outgoing, settle);
    else settle(lost());
  }

  private async afterFault(outgoing: Outgoing, fault: unknown): Promise<PublishVerdict> {
    const verdict = this.verdictOn(fault);
    if (verdict !== 'no-stream') return verdict;
    if (!(await this.provisionedInTime())) return 'away';
    const again = await new Promise<unknown>((settle) => this.attempt(outgoing, settle));
    const last = again === undefined ? 'stored' : this.verdictOn(again);
    return last === 'no-stream' ? 'away' : last;
  }

  /** Where others listen to the subject, a missing stream shows as a time-out: it is looked for, but not waited for. */
  private verdictOn(fault: unknown): PublishVerdict | 'no-stream' {
    const verdict = verdictOf(fault);
    if (verdict === 'away' && this.bus.connected()) void this.bus.provisionAgain();
    return verdict;
  }

  private async provisionedInTime(): Promise<boolean> {
    const ended = new AbortController();
    const late = delay(PROVISION_TIMEOUT_MS, false, { signal: ended.signal, ref: false }).catch(() => false);
    const done = this.bus.provisionAgain().then(() => true);
    return Promise.race([done, late]).finally(() => ended.abort());
  }
}

/** The text of both objects in one, without making that one. */
function joined(envelope: Envelope, rest: object): string {
  const text = JSON.stringify(rest);
  return text === '{}' ? JSON.stringify(envelope) : `${JSON.stringify(envelope).slice(0, -1)},${text.slice(1)}`;
}

const lost = (): Error => new errors.ConnectionError('the connection was lost before the acknowledgement came');

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
