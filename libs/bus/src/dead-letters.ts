import { workPlaceOf, type DeadAttempt, type Envelope, type FetchWork, type KeptFetch } from '#contracts';
import type { Bus } from './connection.js';
import type { DeadLetter, Publisher, PublishVerdict } from './publisher.js';
import type { WorkMessage } from './work-message.js';

/** Why work goes to where people look at what was given up. */
export type DeadKind = 'undecodable' | 'undeliverable' | 'given-up';

/** Work that goes there. `message` is null when it could not be read. */
export interface GivenUp<Message> {
  readonly kind: DeadKind;
  readonly reason: string;
  readonly subject: string;
  readonly upstream: string;
  readonly key: string;
  readonly message: Message | null;
  /** What its handler tells of its attempts. */
  readonly history?: readonly DeadAttempt[];
}

type Readable = Partial<Envelope> & { readonly path?: unknown; readonly method?: unknown };

export function givenUpOf<Message>(
  bus: Bus,
  work: WorkMessage,
  what: Pick<GivenUp<Message>, 'kind' | 'reason' | 'message' | 'history'>,
): GivenUp<Message> {
  const place = workPlaceOf(work.subject, bus.subjects.namespace) ?? {
    upstream: 'unknown',
    key: String(work.facts.sequence),
  };
  return { ...what, ...place, subject: work.subject };
}

/** Said under an id made of stream and sequence: twice told is once kept. */
export function publishLetter<Message>(
  bus: Bus,
  publisher: Publisher,
  work: WorkMessage,
  givenUp: GivenUp<Message>,
): Promise<PublishVerdict> {
  const msgID = `${work.facts.stream}-${work.facts.sequence}`;
  const { id, traceparent } = (givenUp.message ?? {}) as Readable;
  const trace = traceparent === undefined ? {} : { traceparent };
  return publisher.publishDead(letterOf(bus, work, givenUp), { cause: id ?? msgID, msgID, ...trace });
}

function letterOf<Message>(bus: Bus, work: WorkMessage, givenUp: GivenUp<Message>): DeadLetter {
  const { subject, upstream, key, reason, history = [] } = givenUp;
  const { method, path } = (givenUp.message ?? {}) as Readable;
  return {
    subject,
    upstream,
    key,
    method: typeof method === 'string' ? method : 'GET',
    path: typeof path === 'string' ? path : '',
    reason: `${givenUp.kind}: ${reason}`,
    history: [
      { at: rfc3339(work.facts.storedAt), outcome: 'enqueued' },
      ...history,
      { at: rfc3339(bus.clock.now()), outcome: `given up at delivery ${work.facts.deliveryCount}` },
    ],
    fetch: isFetch(bus, subject) && givenUp.message !== null ? keptFetch(givenUp.message as FetchWork) : null,
  };
}

function isFetch({ subjects }: Bus, subject: string): boolean {
  return subject.startsWith(subjects.all.fetch.slice(0, -1));
}

// Field by field: what else a message may carry one day is not kept by accident.
function keptFetch(work: FetchWork): KeptFetch {
  const { upstream, path, key, urlHash, partition, variant } = work;
  const { lane, reason, have, requestFields, validators, configVersion } = work;
  return {
    ...{ upstream, path, key, urlHash, partition, variant },
    ...{ lane, reason, have, requestFields, validators, configVersion },
  };
}

const rfc3339 = (at: number): string => new Date(at).toISOString();
