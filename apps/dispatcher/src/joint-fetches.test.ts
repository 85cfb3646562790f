import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { Fields } from '#core';
import type { TogetherConfig } from '#contracts';
import { createFlight } from './flight.js';
import type { AnsweredEnd, Asker, Flight, FlightEnd } from './flight.js';
import { JointFetches } from './joint-fetches.service.js';
import type { Answered } from './loop-options.js';

const rule: TogetherConfig = {
  match: '/items/{id}',
  call: '/items?ids={ids}',
  most: 50,
  separator: ',',
  items: '/data',
  id: '/id',
  cost: 3,
  gatherMs: 0,
};
const { match } = rule;

interface Rig {
  /** Who was asked for, in order. */
  readonly asked: Asker[];
  readonly ends: Map<string, FlightEnd[]>;
  readonly kept: { path: string; body: string; fields: Fields; cost: number }[];
  readonly warned: string[];
  pass(ms: number): void;
  ask(paths: readonly string[], fields?: Fields): void;
  /** The last that was asked for is answered. */
  answer(answer: Partial<Pick<Answered, 'status' | 'fields'>> & { body: string | Uint8Array }): void;
  end(end: FlightEnd): void;
}

function rig(known: Record<string, number> = {}): Rig {
  let nowMs = 1_000;
  const made: Omit<Rig, 'pass' | 'ask' | 'answer' | 'end'> = { asked: [], ends: new Map(), kept: [], warned: [] };
  const joint = new JointFetches({
    config: { id: 'crm', baseUrl: 'http://crm.example', refresh: { together: [rule] } as never },
    known: {
      get: (key) =>
        known[key] === undefined ? undefined : ({ entry: { version: { fence: 1, send: known[key] } } } as never),
      isStale: () => false,
    },
    loop: { ask: (asker) => void made.asked.push(asker) },
    answers: {
      keepPart: (order, part, version, { cost }) => {
        made.kept.push({ path: order.path, body: new TextDecoder().decode(part.body), fields: part.fields, cost });
        return { ...endOf(part), version } as AnsweredEnd;
      },
    },
    clock: { now: () => nowMs } as never,
    logger: { warn: (_: object, message: string) => void made.warned.push(message) } as never,
  });
  const last = (): Asker => {
    const asker = made.asked.at(-1);
    if (asker === undefined) throw new Error('expected that something was asked for');
    return asker;
  };
  const flightOf = (asker: Asker): Flight => {
    const flight = createFlight('f1', { asker, scopes: { key: 'x', ids: [] }, nowMs });
    flight.charged = asker.order.cost ?? 1;
    return flight;
  };
  return {
    ...made,
    pass: (ms) => (nowMs += ms),
    ask: (paths, fields = []) =>
      joint.ask(
        paths.map((path) => askerFor(path, fields, made.ends)),
        match,
      ),
    answer: ({ body, status = 200, fields = [] }) => {
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
      const answer: Answered = { kind: 'answered', status, fields, body: bytes, requestedAt: 1, receivedAt: 2 };
      last().end(endOf(answer), flightOf(last()));
    },
    end: (end) => last().end(end, flightOf(last())),
  };
}

function askerFor(path: string, fields: Fields, ends: Rig['ends']): Asker {
  const ref = { upstream: 'crm', path, key: path, urlHash: path, partition: 'shared', variant: '' };
  const sent = { validators: [], method: 'GET', body: new Uint8Array(0), purpose: 'read', mayStore: true } as const;
  return {
    ...{ id: `asks ${path}`, lane: 'later', deadlineMs: Infinity, replaces: { version: null }, wantsBody: false },
    order: { ...ref, ...sent, shownPath: path, fields, hasIdempotencyKey: false },
    end: (end) => void ends.set(path, [...(ends.get(path) ?? []), end]),
  };
}

function endOf({ status, fields, body, requestedAt, receivedAt }: Answered): AnsweredEnd {
  return {
    ...{ kind: 'answered', status, upstreamStatus: status, fields, body, requestedAt, receivedAt, entry: null },
    ...{ version: { fence: 1, send: 9 }, kept: null, from: 'upstream', collapsed: false },
  };
}

const paths = (...ids: number[]): string[] => ids.map((id) => `/items/${id}`);
const asked = ({ asked: askers }: Rig): string[] => askers.map(({ order }) => order.path);
const BOTH = '{"data":[{"id":1,"n":"one"},{"id":"2","n":"two"}]}';

it('asks for all of them with one call, by the fields of each, and in no way that others could join or the store could keep', () => {
  const one = rig();
  one.ask(paths(1, 2), [['Accept', 'application/json']]);
  expect(asked(one)).toEqual(['/items?ids=1,2']);
  expect(one.asked[0]?.order).toMatchObject({
    method: 'GET',
    purpose: 'pass',
    mayStore: false,
    validators: [],
    cost: 3,
  });
  expect(one.asked[0]?.order.fields.map(([name]) => name)).toEqual(['Accept', 'Accept-Encoding']);
  expect(one.asked[0]).toMatchObject({ lane: 'later', deadlineMs: Infinity, wantsBody: false });
});

it('gives each its own part of the answer, at its part of the price', () => {
  const one = rig();
  one.ask(paths(1, 2));
  one.answer({ body: BOTH, fields: [['Cache-Control', 'max-age=9']] });
  expect(one.kept.map(({ path, body, cost }) => [path, body, cost])).toEqual([
    ['/items/1', '{"id":1,"n":"one"}', 1.5],
    ['/items/2', '{"id":"2","n":"two"}', 1.5],
  ]);
  expect(one.kept[0]?.fields).toContainEqual(['Cache-Control', 'max-age=9']);
  expect([...one.ends.values()].map((ends) => ends.map(({ kind }) => kind))).toEqual([['answered'], ['answered']]);
});

it('undoes the coding of the answer first', () => {
  const one = rig();
  one.ask(paths(1, 2));
  one.answer({ body: gzipSync(BOTH), fields: [['Content-Encoding', 'gzip']] });
  expect(one.kept).toHaveLength(2);
});

it('asks alone for those of whom the answer says nothing', () => {
  const one = rig();
  one.ask(paths(1, 2, 3));
  one.answer({ body: BOTH });
  expect(asked(one)).toEqual(['/items?ids=1,2,3', '/items/3']);
  expect(one.ends.has('/items/3')).toBe(false);
});

it.each([
  ['a page of HTML', { body: '<html>' }],
  ['a refusal', { status: 400, body: '{"error":"too many ids"}' }],
  ['another shape', { body: '{"items":[]}' }],
  ['bytes that are not in their coding', { body: 'plain', fields: [['Content-Encoding', 'gzip']] as Fields }],
])('asks for each alone where the answer is %s', (_, answer) => {
  const one = rig();
  one.ask(paths(1, 2));
  one.answer(answer);
  expect(asked(one)).toEqual(['/items?ids=1,2', '/items/1', '/items/2']);
  expect([one.kept.length, one.ends.size]).toEqual([0, 0]);
});

it('ends each as the call ended that could not be answered', () => {
  const failed = {
    code: 'response_timeout',
    detail: 'late',
    receivedStatus: null,
    sent: true,
    resumeAtMs: null,
  } as const;
  for (const end of [
    { kind: 'failed', ...failed },
    { kind: 'handed-over' },
    { kind: 'dropped', reason: 'overtaken' },
  ] as const) {
    const one = rig();
    one.ask(paths(1, 2));
    one.end(end);
    expect([...one.ends]).toEqual(paths(1, 2).map((path) => [path, [end]]));
    expect(one.asked).toHaveLength(1);
  }
});

it('ends each with a 5xx whose retries are used up', () => {
  const one = rig();
  one.ask(paths(1, 2));
  one.answer({ status: 503, body: 'away' });
  expect(one.ends.get('/items/2')).toMatchObject([{ kind: 'answered', status: 503, entry: null }]);
});

it('asks for each alone where all of them are too large to be kept', () => {
  const one = rig();
  one.ask(paths(1, 2));
  one.end({
    kind: 'failed',
    code: 'answer_too_large',
    detail: 'large',
    receivedStatus: 200,
    sent: true,
    resumeAtMs: null,
  });
  expect(asked(one).slice(1)).toEqual(paths(1, 2));
});

it('a rule of no use three times in a row rests for five minutes, and that is told once', () => {
  const one = rig();
  for (let n = 0; n < 3; n += 1) {
    one.ask(paths(1, 2));
    one.asked.splice(0, one.asked.length, ...one.asked.slice(-1));
    one.answer({ body: '{"data":[]}' });
  }
  expect(one.warned).toHaveLength(1);
  one.asked.length = 0;
  one.ask(paths(1, 2));
  expect(asked(one)).toEqual(paths(1, 2));
  one.pass(300_001);
  one.asked.length = 0;
  one.ask(paths(1, 2));
  expect(asked(one)).toEqual(['/items?ids=1,2']);
});

it('what is stored already is not asked for with the others, nor what the rule does not fit', () => {
  const one = rig({ '/items/1': 5 });
  one.ask(['/items/1', '/items/2', '/items/3', '/other/4']);
  expect(asked(one)).toEqual(['/items/1', '/other/4', '/items?ids=2,3']);
});

it('one that is left is asked for alone', () => {
  const one = rig();
  one.ask(paths(7));
  expect(asked(one)).toEqual(['/items/7']);
});
