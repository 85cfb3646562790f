import { again, dead, done, drop } from '#bus';
import type { SingleVerdict } from '#bus';
import type { FetchWork } from '#contracts';
import type { Clock } from '#runtime';
import type { Announcer } from './announcer.js';
import { toldAttempts } from './attempts.js';
import { answeredFactsOf, factsOf } from './fetch-facts.js';
import type { AnsweredEnd, Asker, Earlier, FailedEnd, Flight, FlightEnd } from './flight.js';

const NOTHING = new Uint8Array(0);
/** After a hand-over: whoever holds the upstream then takes it. */
const GIVE_BACK_MS = 100;
/** What cannot be told now may be told when NATS is back. */
const UNTOLD_MS = 1_000;

export interface WorkAskerOptions {
  readonly announcer: Announcer;
  readonly clock: Clock;
  /** Says what an earlier delivery of this work committed and could not tell; false while it still cannot. */
  tellUntold(key: string, cause: string): Promise<boolean>;
  /** What may have been tried at earlier deliveries. */
  readonly earlier: Earlier | undefined;
  /** Takes the dead letter away that this work was requeued from. */
  forgetLetter(id: string): Promise<void>;
  resolve(verdict: SingleVerdict): void;
}

/** Background work as the loop knows it. Its verdict comes last: after the commit, and after what happened was told. */
export function workAsker(work: FetchWork, options: WorkAskerOptions): Asker {
  const { upstream, path, key, urlHash, partition, variant, requestFields, validators } = work;
  return {
    id: work.id,
    lane: work.lane,
    deadlineMs: Infinity,
    // Property by property: one that is spread costs several kilobytes of garbage, for each refresh.
    order: {
      upstream,
      path,
      key,
      urlHash,
      partition,
      variant,
      validators,
      shownPath: path,
      method: 'GET',
      fields: requestFields,
      body: NOTHING,
      purpose: 'read',
      mayStore: true,
      hasIdempotencyKey: false,
    },
    replaces: { version: work.have },
    wantsBody: false,
    earlier: options.earlier,
    end: (end, flight) => {
      ended(work, end, flight, options).then(options.resolve, () => options.resolve(again(GIVE_BACK_MS)));
    },
  };
}

async function ended(
  work: FetchWork,
  end: FlightEnd,
  flight: Flight | undefined,
  options: WorkAskerOptions,
): Promise<SingleVerdict> {
  const verdict = await tellEnd(work, end, flight, options);
  // Given up once more it has a letter anew.
  if (verdict.kind !== 'again' && work.letter !== undefined) await options.forgetLetter(work.letter);
  return verdict;
}

async function tellEnd(
  work: FetchWork,
  end: FlightEnd,
  flight: Flight | undefined,
  options: WorkAskerOptions,
): Promise<SingleVerdict> {
  const { announcer, tellUntold } = options;
  if (end.kind === 'answered') return tellAnswered(work, end, flight, options);
  const facts = factsOf(work, work.lane, flight);
  switch (end.kind) {
    case 'failed':
      return ifTold(
        await announcer.failed({ ...facts, code: end.code, detail: end.detail }, work.id),
        dead(reasonOf(end, flight), toldAttempts(flight)),
      );
    case 'dropped':
      if (!(await tellUntold(work.key, work.id))) return again(UNTOLD_MS);
      return ifTold(await announcer.dropped({ ...facts, reason: end.reason }, work.id), drop(end.reason));
    case 'cancelled':
    case 'handed-over':
      return again(GIVE_BACK_MS);
  }
}

async function tellAnswered(
  work: FetchWork,
  end: AnsweredEnd,
  flight: Flight | undefined,
  { announcer, clock }: WorkAskerOptions,
): Promise<SingleVerdict> {
  if ((await end.kept)?.kind === 'untold') return again(UNTOLD_MS);
  const { status, version, requestedAt } = end;
  const durationMs = Math.round(clock.now() - requestedAt);
  const facts = answeredFactsOf(work, work.lane, flight, { status, version, durationMs });
  const isGivenUp = flight !== undefined && flight.givenUp !== null;
  const verdict = isGivenUp ? dead(`${flight.givenUp}: status ${status}`, toldAttempts(flight)) : done;
  return ifTold(await announcer.answered(facts, work.id), verdict);
}

function reasonOf({ code, detail }: FailedEnd, flight: Flight | undefined): string {
  const why = flight?.givenUp ?? null;
  return why === null ? `${code}: ${detail}` : `${why}: ${code}: ${detail}`;
}

/** Commit, then publish, then ack: what could not be told is not done, and comes again. */
function ifTold(told: boolean, verdict: SingleVerdict): SingleVerdict {
  return told ? verdict : again(UNTOLD_MS);
}
