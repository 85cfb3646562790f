import { describe, expect, it } from 'vitest';
import { nextSince, sinceText, timeOf } from './list-times.js';
import { pathOfReference } from './upstream-place.js';

const AT_MS = Date.UTC(2026, 10, 24, 16, 0, 1, 500);

it('a time is told in the format that the list wants', () => {
  expect((['iso', 'epoch-s', 'epoch-ms'] as const).map((format) => sinceText(AT_MS + 0.25, format))).toEqual([
    '2026-11-24T16:00:01.500Z',
    '1795536001',
    '1795536001500',
  ]);
});

it.each([
  '2026-11-24T16:00:01.500Z',
  '2026-11-24T17:00:01.500+01:00',
  '2026-11-24T16:00:01.500',
  '2026-11-24 16:00:01.500',
  '1795536001.5',
  '1795536001500',
])('%s is the same time', (text) => expect(timeOf(text)).toBe(AT_MS));

it.each(['', 'yesterday', 'NaN', '-5', '{}'])('%j is no time', (text) => expect(timeOf(text)).toBeUndefined());

describe('the next time is asked for', () => {
  const [overlapMs, receivedAtMs] = [5_000, 300_000];

  it('from the latest change in the list, with the overlap', () => {
    expect(nextSince(0, { newestMs: 100_000, saidAtMs: 200_000, receivedAtMs, overlapMs })).toBe(95_000);
  });

  it('from when an empty list was said', () => {
    expect(nextSince(0, { newestMs: undefined, saidAtMs: 200_000, receivedAtMs, overlapMs })).toBe(195_000);
  });

  it('from no later than the list was said, whatever time a change has', () => {
    expect(nextSince(0, { newestMs: 9e15, saidAtMs: 200_000, receivedAtMs, overlapMs })).toBe(195_000);
    expect(nextSince(0, { newestMs: 9e15, saidAtMs: undefined, receivedAtMs, overlapMs })).toBe(295_000);
  });

  it('from no earlier than before', () => {
    expect(nextSince(150_000, { newestMs: 100_000, saidAtMs: 200_000, receivedAtMs, overlapMs })).toBe(150_000);
    expect(nextSince(150_000, { newestMs: undefined, saidAtMs: undefined, receivedAtMs, overlapMs })).toBe(150_000);
  });

  it('from what the upstream said, where our own clock was ahead the first time', () => {
    expect(nextSince(undefined, { newestMs: undefined, saidAtMs: 200_000, receivedAtMs, overlapMs })).toBe(195_000);
    expect(nextSince(undefined, { newestMs: undefined, saidAtMs: undefined, receivedAtMs, overlapMs })).toBeUndefined();
  });
});

describe('the next page', () => {
  const from = '/items?page=1';
  const of = (reference: string): string | undefined => pathOfReference('https://api.crm.example/v2', reference, from);

  it.each([
    'https://api.crm.example/v2/items?page=2',
    'http://api.crm.example/v2/items?page=2',
    '/v2/items?page=2',
    '?page=2',
  ])('%s is on the same host', (reference) => expect(of(reference)).toBe('/items?page=2'));

  it.each([
    'https://other.example/v2/items?page=2',
    '//other.example/v2/items',
    'https://api.crm.example:8443/v2/items',
    '/v3/items?page=2',
    'file:///etc/passwd',
    'http://[',
  ])('%s leads elsewhere', (reference) => expect(of(reference)).toBeUndefined());
});
