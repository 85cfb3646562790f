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

/** Where a letter says that its work was, and the id under which twice written is once kept. */
export interface LetterPlace {
  readonly subject: string;
  readonly id: string;
}

export function givenUpOf<Message>(
  bus: Bus,
  work: WorkMessage,
  { subject }: LetterPlace,
  what: Pick<GivenUp<Message>, 'kind' | 'reason' | 'message' | 'history'>,
): GivenUp<Message> {
  const place = workPlaceOf(subject, bus.subjects.namespace) ?? {
    upstream: 'unknown',
    key: String(work.facts.sequence),
  };
  return { ...what, ...place, subject };
}

export function publishLetter<Message>(
  bus: Bus,
  publisher: Publisher,
  { work, place, givenUp }: { work: WorkMessage; place: LetterPlace; givenUp: GivenUp<Message> },
): Promise<PublishVerdict> {
  const { id, traceparent } = (givenUp.message ?? {}) as Readable;
  const trace = traceparent === undefined ? {} : { traceparent };
  return publisher.publishDead(letterOf(bus, work, givenUp), { cause: id ?? place.id, msgID: place.id, ...trace });
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
