import { expect, it } from 'vitest';
import { learnedOf, priorsTold } from './learned.js';
import type { Learned } from './learned.js';

let told = 0;
const envelope = (): { id: string; at: string; cause: string; traceparent: string } => {
  return { id: String((told += 1)), at: '', cause: 'learned', traceparent: '' };
};

function learnedAt(i: number, more: Partial<Learned> = {}): Learned {
  return { upstream: 'crm', key: `k${i}`, changeRate: i / 10, cost: 1, reads: 2 * i, ...more };
}

it('what was learned is told of each upstream by itself, in arrays of one length', () => {
  const stats = [learnedAt(1), learnedAt(2, { upstream: 'erp' }), learnedAt(3, { changeRate: null, cost: 0.5 })];
  expect([...learnedOf(stats, 70, envelope)]).toMatchObject([
    { upstream: 'crm', keys: ['k1', 'k3'], changeRates: [0.1, null], reads: [2, 6], readsAt: 70, costs: [1, 0.5] },
    { upstream: 'erp', keys: ['k2'], changeRates: [0.2], reads: [4], readsAt: 70, costs: [1] },
  ]);
});

it('no message tells of more than 2,000 resources, and each has an id of its own', () => {
  const messages = [
    ...learnedOf(
      Array.from({ length: 4_100 }, (_, i) => learnedAt(i)),
      0,
      envelope,
    ),
  ];
  expect(messages.map(({ keys }) => keys.length)).toEqual([2_000, 2_000, 100]);
  expect(new Set(messages.map(({ id }) => id)).size).toBe(3);
});

it('what is to be expected is told in a message of its own', () => {
  const priors = { overall: 0.5, templates: { '/items/{}': 0.1 } };
  expect(priorsTold(envelope(), 'crm', priors, 9)).toMatchObject({ upstream: 'crm', keys: [], readsAt: 9, priors });
});
