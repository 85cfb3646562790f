import { expect, test } from 'vitest';
import type { ClientAnswer } from './client-call.js';
import type { Forwarded } from './forward.service.js';
import { withServerTiming } from './server-timing.js';

type Answered = Extract<Forwarded, { kind: 'answered' }>;

const NOTHING = new Uint8Array(0);
const answer: ClientAnswer = { status: 200, fields: [['Age', '0']], body: NOTHING, outcome: 'miss' };

function forwarded(more: Partial<Answered['reply']>): Answered {
  const version = { fence: 1, send: 1 };
  return {
    kind: 'answered',
    reply: {
      ...{
        kind: 'answered',
        status: 200,
        upstreamStatus: 200,
        fields: [],
        version,
        requestedAt: 1_000,
        receivedAt: 1_120.04,
      },
      ...{ entry: null, from: 'upstream', collapsed: false, bodyStream: null, ...more },
    },
    body: NOTHING,
    flow: undefined,
  };
}

const toldIn = ({ fields }: ClientAnswer): string[] =>
  fields.filter(([name]) => name === 'Server-Timing').map(([, value]) => value);

test('a miss tells how long it was held, and how long the upstream took', () => {
  expect(toldIn(withServerTiming(answer, forwarded({ queuedMs: 12.34 })))).toEqual([
    'cache;desc=miss, queue;dur=12.3, upstream;dur=120',
  ]);
});

test('what was not measured is not told', () => {
  expect(toldIn(withServerTiming(answer, forwarded({})))).toEqual(['cache;desc=miss, upstream;dur=120']);
});

test('what was not asked of the upstream has no times', () => {
  expect(withServerTiming(answer, forwarded({ from: 'store' }))).toBe(answer);
  expect(withServerTiming(answer, { kind: 'gone' })).toBe(answer);
});

test('a clock that was set back makes no negative time', () => {
  expect(toldIn(withServerTiming(answer, forwarded({ receivedAt: 900, queuedMs: 0 })))).toEqual([
    'cache;desc=miss, queue;dur=0, upstream;dur=0',
  ]);
});

test('the upstream’s own times stay, and ours are told once', () => {
  const fields = [
    ['Server-Timing', 'db;dur=5'],
    ['Cache-Status', 'penstock; fwd=miss'],
  ] as const;
  const once = withServerTiming({ ...answer, fields }, forwarded({ queuedMs: 1 }));
  expect(toldIn(withServerTiming(once, forwarded({ queuedMs: 9 })))).toEqual([
    'db;dur=5',
    'cache;desc=miss, queue;dur=1, upstream;dur=120',
  ]);
});
