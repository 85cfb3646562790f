import { again, done } from '#bus';
import type { SingleVerdict } from '#bus';
import type { DeferredFetch, FetchWork } from '#contracts';
import type { Clock } from '#runtime';
import type { Announcer } from './announcer.js';
import { answerOf } from './call-asker.service.js';
import { answeredFactsOf, factsOf } from './fetch-facts.js';
import { tooLargeEnd } from './flight-ends.js';
import type { AnsweredEnd, Asker, Earlier, FailedEnd, Flight, FlightEnd } from './flight.js';
import type { RepliesService } from './replies.service.js';

const NOTHING = new Uint8Array(0);
/** After a hand-over: whoever holds the upstream then takes it. */
const GIVE_BACK_MS = 100;
/** What cannot be told now may be told when NATS is back. */
const UNTOLD_MS = 1_000;

export interface DeferredAskerOptions {
  readonly deferred: DeferredFetch;
  readonly announcer: Announcer;
  readonly replies: Pick<RepliesService, 'keep'>;
  readonly clock: Clock;
  readonly earlier: Earlier | undefined;
  resolve(verdict: SingleVerdict): void;
}

/**
 * A client's call whose client does not wait: it wants the bytes as a call does, and is work for the rest. It waits through any pause,
 * and its end is kept for the client, well or ill.
 */
export function deferredAsker(work: FetchWork, options: DeferredAskerOptions): Asker {
  const { upstream, path, key, urlHash, partition, variant, requestFields: fields, validators } = work;
  const { purpose, mayStore } = options.deferred;
  return {
    id: work.id,
    lane: work.lane,
    deadlineMs: Infinity,
    order: {
      ...{ upstream, path, key, urlHash, partition, variant, fields, validators, purpose, mayStore },
      shownPath: path,
      method: 'GET',
      body: NOTHING,
      hasIdempotencyKey: false,
    },
    replaces: null,
    wantsBody: true,
    isWork: true,
    earlier: options.earlier,
    end: (end, flight) => {
      ended(work, end, flight, options).then(options.resolve, () => options.resolve(again(GIVE_BACK_MS)));
    },
  };
}

function ended(
  work: FetchWork,
  end: FlightEnd,
  flight: Flight | undefined,
  options: DeferredAskerOptions,
): Promise<SingleVerdict> {
  switch (end.kind) {
    case 'answered':
      if (end.flow === undefined) return answered(work, end, flight, options);
      // Nobody is there to take it as it comes.
      end.flow.drop();
      return failed(work, { ...tooLargeEnd(end.status), detail: TOO_LARGE }, flight, options);
    case 'failed':
      return failed(work, end, flight, options);
    case 'cancelled':
    case 'handed-over':
    case 'dropped':
      return Promise.resolve(again(GIVE_BACK_MS));
  }
}

const TOO_LARGE = 'the answer is larger than cache.maxBody, and cannot be kept for later; ask without respond-async';

async function answered(
  work: FetchWork,
  end: AnsweredEnd,
  flight: Flight | undefined,
  options: DeferredAskerOptions,
): Promise<SingleVerdict> {
  const { announcer, clock } = options;
  if (!(await keep(work, withoutToldOnce(end), options))) return again(GIVE_BACK_MS);
  if ((await end.kept)?.kind === 'untold') return again(UNTOLD_MS);
  const { status, version, requestedAt } = end;
  const durationMs = Math.round(clock.now() - requestedAt);
  const facts = answeredFactsOf(work, work.lane, flight, { status, version, durationMs });
  return ifTold(await announcer.answered(facts, work.id));
}

/** Its client is told; it is nothing that anybody has to look after. */
async function failed(
  work: FetchWork,
  end: FailedEnd,
  flight: Flight | undefined,
  options: DeferredAskerOptions,
): Promise<SingleVerdict> {
  if (!(await keep(work, end, options))) return again(GIVE_BACK_MS);
  const { code, detail } = end;
  return ifTold(await options.announcer.failed({ ...factsOf(work, work.lane, flight), code, detail }, work.id));
}

/** What is kept may be asked for twice, and by two: what an entry leaves out is told to nobody then. */
function withoutToldOnce(end: AnsweredEnd): AnsweredEnd {
  return end.entry === null ? end : { ...end, asItCame: undefined };
}

async function keep(
  { upstream, path }: FetchWork,
  end: AnsweredEnd | FailedEnd,
  { deferred: { id }, replies }: DeferredAskerOptions,
): Promise<boolean> {
  const { reply, body } = answerOf(end);
  if (reply.kind !== 'answered' && reply.kind !== 'failed') return false;
  return replies.keep({ id, upstream, path, outcome: reply, body });
}

/** Commit, then publish, then ack: what could not be told is not done, and comes again. */
function ifTold(told: boolean): SingleVerdict {
  return told ? done : again(UNTOLD_MS);
}
