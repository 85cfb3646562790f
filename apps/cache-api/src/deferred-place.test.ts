import { expect, test } from 'vitest';
import type { ResourceRef } from '#contracts';
import { askedFor, deferredPlace, locationOf, placeOfId, tokenOf } from './deferred-place.js';

const TOKEN = '0123456789abcdef0123456789abcdef';
const CHANCE = '00000000-0000-4000-8000-000000000000';
const place = deferredPlace('crm', 'search', TOKEN, CHANCE);
const ref: ResourceRef = {
  ...{ upstream: 'crm', path: '/x', key: 'k', urlHash: 'u', partition: 'shared', variant: '' },
};

test('an id says where its call waits', () => {
  expect(placeOfId(place.id)).toEqual(place);
});

test.each([
  '',
  'crm',
  `crm.search.${TOKEN}`,
  `crm.search.${TOKEN}.`,
  `CRM.search.${TOKEN}.${CHANCE}`,
  `crm.*.${TOKEN}.${CHANCE}`,
  `crm.>.${TOKEN}.${CHANCE}`,
  `crm.search.*.${CHANCE}`,
  `crm.search.${TOKEN}.${CHANCE}.more`,
  `crm.search.x.${TOKEN}.${CHANCE}`,
])('%j is no id: no part of a subject can be smuggled in', (id) => {
  expect(placeOfId(id)).toBeUndefined();
});

test('a location leads back to its place, and tells who joined', () => {
  expect(askedFor(locationOf(place, false))).toEqual({ place, joined: false });
  expect(askedFor(locationOf(place, true))).toEqual({ place, joined: true });
  expect(askedFor(`/.penstock/other/${place.id}`)).toBeUndefined();
});

test('calls that may be given different variants have different tokens, whatever field tells them apart', () => {
  const tokens = [[], [['Accept', 'text/html']], [['Accept', 'text/plain']], [['User-Agent', 'x']]] as const;
  expect(new Set(tokens.map((fields) => tokenOf(ref, fields))).size).toBe(4);
  expect(tokenOf({ ...ref, urlHash: 'v' }, [])).not.toBe(tokenOf(ref, []));
  expect(tokenOf({ ...ref, upstream: 'erp' }, [])).not.toBe(tokenOf(ref, []));
});

test('what changes with each call tells no calls apart, nor does the order or case of names', () => {
  const one = [
    ['Accept', 'a'],
    ['X-B', 'b'],
    ['traceparent', '1'],
    ['Via', '1.1 x'],
  ] as const;
  const same = [
    ['x-b', 'b'],
    ['accept', 'a'],
    ['traceparent', '2'],
  ] as const;
  expect(tokenOf(ref, one)).toBe(tokenOf(ref, same));
  expect(tokenOf(ref, one)).toMatch(/^[0-9a-f]{32}$/);
});
