import { describe, expect, it } from 'vitest';
import { jointRulesOf, type TogetherConfig } from '#contracts';
import { grouped, JointGathering } from './joint-gathering.js';
import type { Reminder } from './plan.js';

const ITEMS: TogetherConfig = {
  match: '/items/{id}',
  call: '/items?ids={ids}',
  most: 4,
  separator: ',',
  items: '/data',
  id: '/id',
  cost: undefined,
  gatherMs: 1_000,
};
const rules = jointRulesOf([ITEMS, { ...ITEMS, match: '/people/{id}' }]);

const of = (...paths: string[]): Reminder[] =>
  paths.map((path) => ({ path, key: path, urlHash: path, variant: '', have: null }));
const items = (from: number, to: number): Reminder[] =>
  of(...Array.from({ length: to - from + 1 }, (_, i) => `/items/${from + i}`));

it('each goes to the rule of its path, and those without one are told apart', () => {
  const { alone, byRule } = grouped(of('/items/1', '/x', '/people/1', '/items/2'), rules);
  expect(alone).toEqual(of('/x'));
  expect([...byRule].map(([{ config }, some]) => [config.match, some])).toEqual([
    ['/items/{id}', of('/items/1', '/items/2')],
    ['/people/{id}', of('/people/1')],
  ]);
});

it('without rules nothing waits', () => {
  expect(new JointGathering([]).take(items(1, 9), 0)).toEqual({ alone: items(1, 9), calls: [] });
});

describe('a call that is being filled', () => {
  it('leaves at once when it is full, and what is over waits', () => {
    const gathering = new JointGathering(rules);
    const { alone, calls } = gathering.take(items(1, 9), 0);
    expect(alone).toEqual([]);
    expect(calls.map((call) => call.items)).toEqual([items(1, 4), items(5, 8)]);
    expect(gathering.take(items(10, 12), 500).calls.map((call) => call.items)).toEqual([items(9, 12)]);
    expect(gathering.take(items(13, 13), 1_500)).toEqual({ alone: [], calls: [] });
  });

  it('leaves when the first in it has waited as long as its rule says', () => {
    const gathering = new JointGathering(rules);
    expect(gathering.take(items(1, 1), 0)).toEqual({ alone: [], calls: [] });
    expect(gathering.take(items(2, 2), 999)).toEqual({ alone: [], calls: [] });
    expect(gathering.take([], 1_000).calls).toEqual([{ rule: rules[0], items: items(1, 2) }]);
    expect(gathering.take([], 9_000)).toEqual({ alone: [], calls: [] });
  });

  it('leaves at once with what is known to be out of date, and takes along what waits', () => {
    const gathering = new JointGathering(rules);
    gathering.take([...items(1, 1), ...of('/people/1')], 0);
    expect(gathering.take(items(2, 2), 10, true).calls).toEqual([{ rule: rules[0], items: items(1, 2) }]);
  });

  it('of one alone is none', () => {
    const gathering = new JointGathering(rules);
    gathering.take(items(1, 1), 0);
    expect(gathering.take([], 1_000)).toEqual({ alone: items(1, 1), calls: [] });
  });

  it('is given back whole when it is cleared', () => {
    const gathering = new JointGathering(rules);
    gathering.take([...items(1, 2), ...of('/people/1')], 0);
    expect(gathering.clear()).toEqual([...items(1, 2), ...of('/people/1')]);
    expect(gathering.take([], 1_000)).toEqual({ alone: [], calls: [] });
  });
});
