import { expect, it } from 'vitest';
import { dialectNamed } from '#core';
import type { Fields } from '#core';
import type { FetchOutcome } from './fetch-outcome.js';
import { readOutcome } from './outcome-reading.js';

const NOW_MS = Date.UTC(2026, 10, 24);

function answered(status: number, body = '', fields: Fields = []): FetchOutcome {
  const bytes = new TextEncoder().encode(body);
  return { kind: 'answered', status, fields, body: bytes, requestedAt: NOW_MS, receivedAt: NOW_MS };
}

const costOf = (outcome: FetchOutcome, dialect = 'standard'): unknown => {
  const { gate } = readOutcome(outcome, { dialect: dialectNamed(dialect), notModifiedCost: 0 }, NOW_MS);
  return gate.kind === 'answered' ? gate.cost : gate.kind;
};

it('a 304 costs what the configuration says, and no other answer does', () => {
  expect(costOf(answered(304))).toBe(0);
  expect(costOf(answered(200))).toBeUndefined();
  expect(costOf(answered(429))).toBe('throttled');
  const { gate } = readOutcome(answered(304), { dialect: dialectNamed('standard') }, NOW_MS);
  expect(gate).toMatchObject({ kind: 'answered', cost: undefined });
});

it('what the vendor itself tells of the price goes before', () => {
  const points = { requestedQueryCost: 9, actualQueryCost: 7 };
  const status = { maximumAvailable: 1000, currentlyAvailable: 900, restoreRate: 50 };
  const body = JSON.stringify({ extensions: { cost: { ...points, throttleStatus: status } } });
  expect(costOf(answered(304, body), 'shopify')).toBeUndefined();
});
