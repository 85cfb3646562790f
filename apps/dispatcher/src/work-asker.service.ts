import { again, done, drop } from '#bus';
import type { Verdict } from '#bus';
import type { FetchWork } from '#contracts';
import type { Clock } from '#runtime';
import type { Announcer } from './announcer.js';
import { factsOf } from './fetch-facts.js';
import type { Asker, Flight, FlightEnd } from './flight.js';

const NOTHING = new Uint8Array(0);
/** After a hand-over: whoever holds the upstream then takes it. */
const GIVE_BACK_MS = 100;

export interface WorkAskerOptions {
  readonly announcer: Announcer;
  readonly clock: Clock;
  resolve(verdict: Verdict): void;
}

/** Background work as the loop knows it. Its verdict comes last: after the commit, and after what happened was told. */
export function workAsker(work: FetchWork, options: WorkAskerOptions): Asker {
  const { upstream, path, key, urlHash, partition, variant, requestFields, validators } = work;
  return {
    id: work.id,
    lane: work.lane,
    deadlineMs: Infinity,
    order: {
      ...{ upstream, path, key, urlHash, partition, variant, validators },
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
    end: (end, flight) => {
      tellEnd(work, end, flight, options).then(options.resolve, () => options.resolve(again(GIVE_BACK_MS)));
    },
  };
}

async function tellEnd(
  work: FetchWork,
  end: FlightEnd,
  flight: Flight | undefined,
  { announcer, clock }: WorkAskerOptions,
): Promise<Verdict> {
  const facts = factsOf(work, work.lane, flight);
  switch (end.kind) {
    case 'answered':
      await end.kept;
      await announcer.answered(
        { ...facts, status: end.status, version: end.version, durationMs: Math.round(clock.now() - end.requestedAt) },
        work.id,
      );
      return done;
    case 'failed':
      await announcer.failed({ ...facts, code: end.code, detail: end.detail }, work.id);
      return done;
    case 'dropped':
      await announcer.dropped({ ...facts, reason: end.reason }, work.id);
      return drop(end.reason);
    case 'cancelled':
    case 'handed-over':
      return again(GIVE_BACK_MS);
  }
}
