import { expect, it } from 'vitest';
import type { ListConfig, TogetherConfig } from './config/penstock-config.js';
import { comesInParts, costTogether, inJointCalls, jointRuleOf, jointRulesOf } from './joint-calls.js';

const ITEMS: TogetherConfig = {
  match: '/items/{id}',
  call: '/items?ids={ids}&full=1',
  most: 3,
  separator: ',',
  items: '/data',
  id: '/id',
  cost: undefined,
  gatherMs: 1_000,
};
const rules = jointRulesOf([ITEMS, { ...ITEMS, match: '/people/{id}', call: '/people?id={ids}', separator: '&id=' }]);
const [items, people] = rules;
const of = (...paths: string[]): { path: string }[] => paths.map((path) => ({ path }));

it('the rule of a path is the first that it matches', () => {
  expect(jointRuleOf(rules, '/items/7')).toBe(items);
  expect(jointRuleOf(rules, '/people/7')).toBe(people);
  expect(jointRuleOf(rules, '/items/7/notes')).toBeUndefined();
});

it('ids are put into the call as a URL has them', () => {
  expect(items?.callFor(['1', 'a b', 'c&d'])).toBe('/items?ids=1,a%20b,c%26d&full=1');
  expect(people?.callFor(['1', '2'])).toBe('/people?id=1&id=2');
});

it('an id that the separator would tear apart is no id of a joint call', () => {
  expect(items?.idOf('/items/1,2')).toBeUndefined();
  expect(items?.idOf('/items/1%2C2')).toBeUndefined();
  expect(people?.idOf('/people/1%2C2')).toBe('1,2');
});

it('a call takes no more ids than its rule allows, in their order', () => {
  const paths = of('/items/1', '/items/2', '/items/3', '/items/4');
  expect(items && inJointCalls(paths, items)).toEqual([paths.slice(0, 3), paths.slice(3)]);
  expect(items && inJointCalls([], items)).toEqual([]);
});

it('a call is no longer than any request line may be', () => {
  const long = of(...[1, 2, 3].map((n) => `/items/${'x'.repeat(3_000)}${n}`));
  expect(items && inJointCalls(long, items).map((call) => call.length)).toEqual([2, 1]);
});

it('what is fetched together is taken to cost its part of a full call', () => {
  expect(costTogether(rules, '/items/7')).toBeCloseTo(1 / 3);
  expect(costTogether(jointRulesOf([{ ...ITEMS, cost: 6 }]), '/items/7')).toBe(2);
  expect(costTogether(rules, '/other')).toBeUndefined();
});

it('what comes alone and in parts is what a joint call brings, or a list with its content', () => {
  const list = { path: '/orders/{id}', contains: 'content' } as ListConfig;
  const isSplit = comesInParts({ together: [ITEMS], lists: [list, { ...list, path: '/x/{id}', contains: 'signal' }] });
  expect(['/items/7', '/orders/7', '/x/7', '/other'].map(isSplit)).toEqual([true, true, false, false]);
});
