import { expect, test } from 'vitest';
import type { SingleVerdict } from '#bus';
import type { FetchWork } from '#contracts';
import type { Announcer } from './announcer.js';
import { deferredAsker } from './deferred-asker.service.js';
import { createFlight, type AnsweredEnd, type FailedEnd, type FlightEnd } from './flight.js';
import type { DeferredReply } from './replies.service.js';

const version = { fence: 1, send: 7 };
const work: FetchWork = {
  ...{ id: 'w1', at: '', cause: 'c1', traceparent: '', upstream: 'crm', path: '/x', key: 'k', urlHash: 'u' },
  ...{ partition: 'shared', variant: '', lane: 'now', reason: 'deferred', have: null, configVersion: 1 },
  ...{ requestFields: [['Accept', 'text/html']], validators: [] },
};
const answered: AnsweredEnd = {
  ...{ kind: 'answered', status: 200, upstreamStatus: 200, fields: [['X-A', 'a']], body: new Uint8Array([1, 2]) },
  ...{ version, requestedAt: 1, receivedAt: 2, entry: null, kept: null, from: 'upstream', collapsed: false },
};
const failed: FailedEnd = {
  ...{
    kind: 'failed',
    code: 'response_timeout',
    detail: 'no answer',
    receivedStatus: null,
    sent: true,
    resumeAtMs: null,
  },
};

interface Told {
  readonly what: string;
  readonly cause: string;
}

interface World {
  readonly verdict: SingleVerdict;
  readonly kept: DeferredReply[];
  /** In the order in which it happened. */
  readonly happened: string[];
  readonly told: Told[];
}

/** Ends the call so, where NATS and PostgreSQL take what they are given, or do not. */
async function endedBy(end: FlightEnd, { canKeep = true, canTell = true } = {}): Promise<World> {
  const [kept, happened, told]: [DeferredReply[], string[], Told[]] = [[], [], []];
  const tell =
    (what: string) =>
    (_: object, cause: string): Promise<boolean> => {
      happened.push(what);
      told.push({ what, cause });
      return Promise.resolve(canTell);
    };
  // No more of it is asked.
  const announcer = { answered: tell('answered'), failed: tell('failed') } as Partial<Announcer> as Announcer;
  const verdict = await new Promise<SingleVerdict>((resolve) => {
    const asker = deferredAsker(work, {
      ...{ announcer, resolve, earlier: undefined, clock: { now: () => 5 } },
      deferred: { id: 'r1', purpose: 'read', mayStore: true },
      replies: {
        keep(reply) {
          happened.push('kept');
          kept.push(reply);
          return Promise.resolve(canKeep);
        },
      },
    });
    asker.end(end, createFlight('f1', { asker, scopes: { ids: [] } as never, nowMs: 0 }));
  });
  return { verdict, kept, happened, told };
}

test('an answer is kept for its client before its end is told and its work let go', async () => {
  const { verdict, kept, happened, told } = await endedBy(answered);
  expect(happened).toEqual(['kept', 'answered']);
  expect(kept).toMatchObject([{ id: 'r1', upstream: 'crm', path: '/x', outcome: { kind: 'answered', status: 200 } }]);
  expect(kept[0]?.body).toEqual(answered.body);
  expect(told).toEqual([{ what: 'answered', cause: 'w1' }]);
  expect(verdict).toEqual({ kind: 'done' });
});

test('a failure is kept for its client too, and its work is done: nobody has to look after it', async () => {
  const { verdict, kept, happened } = await endedBy(failed);
  expect(happened).toEqual(['kept', 'failed']);
  expect(kept).toMatchObject([{ outcome: { kind: 'failed', code: 'response_timeout', detail: 'no answer' } }]);
  expect(verdict).toEqual({ kind: 'done' });
});

test.each([answered, failed])('what is not kept is not told, and comes again', async (end) => {
  const { verdict, told } = await endedBy(end, { canKeep: false });
  expect(told).toEqual([]);
  expect(verdict.kind).toBe('again');
});

test.each([answered, failed])('what cannot be told comes again', async (end) => {
  expect((await endedBy(end, { canTell: false })).verdict.kind).toBe('again');
});

test('what was let go of by the holder comes again, and its client waits on', async () => {
  for (const kind of ['handed-over', 'cancelled'] as const) {
    const { verdict, kept } = await endedBy({ kind });
    expect(kept).toEqual([]);
    expect(verdict.kind).toBe('again');
  }
});

test('what is stored is acknowledged once that is committed and told', async () => {
  const kept = Promise.resolve({ kind: 'untold', key: 'k' } as const);
  expect((await endedBy({ ...answered, kept })).verdict.kind).toBe('again');
});

test('an answer that is too large to be kept is dropped, and told as one', async () => {
  let dropped = 0;
  const flow = { bytes: null, isTouched: () => false, drop: () => void (dropped += 1), read: () => [] as never };
  const { kept } = await endedBy({ ...answered, flow });
  expect(dropped).toBe(1);
  expect(kept).toMatchObject([{ outcome: { kind: 'failed', code: 'answer_too_large', receivedStatus: 200 } }]);
});

test('what an entry leaves out is kept for nobody: its answer may be asked for twice', async () => {
  const asItCame = [['Set-Cookie', 'a=1']] as const;
  const entry = { fields: [] } as never;
  const { kept } = await endedBy({ ...answered, entry, asItCame });
  expect(JSON.stringify(kept)).not.toContain('Set-Cookie');
});

test('it waits through any pause, in the lane of those who wait', () => {
  const options = { deferred: { id: 'r1', purpose: 'revalidate', mayStore: false } } as never;
  const asker = deferredAsker(work, options);
  expect(asker).toMatchObject({ lane: 'now', deadlineMs: Infinity, wantsBody: true, isWork: true, replaces: null });
  expect(asker.order).toMatchObject({ purpose: 'revalidate', mayStore: false, fields: [['Accept', 'text/html']] });
});
