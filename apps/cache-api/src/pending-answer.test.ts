import { expect, test } from 'vitest';
import type { UpstreamState } from '#contracts';
import { pendingAnswer, resumeAtOf } from './pending-answer.js';

const NOW = 1_700_000_000_000;
const location = '/.penstock/answers/x';

const fieldsOf = (resumeAtMs: number | undefined): Record<string, string> =>
  Object.fromEntries(pendingAnswer({ location, resumeAtMs, nowMs: NOW }).fields);

test('what is pending says where to look, and that nobody is to keep that', () => {
  const { status, body } = pendingAnswer({ location, resumeAtMs: undefined, nowMs: NOW });
  expect(status).toBe(202);
  expect(fieldsOf(undefined)).toMatchObject({ Location: location, 'Cache-Control': 'no-store', 'Retry-After': '1' });
  expect(JSON.parse(new TextDecoder().decode(body))).toEqual({ state: 'pending', location });
});

test.each([
  [NOW + 29_001, '30'],
  [NOW + 29_000, '29'],
  [NOW + 1, '1'],
])('a client that comes back after Retry-After comes when the pause is over, and no sooner', (resumeAtMs, told) => {
  expect(fieldsOf(resumeAtMs)['Retry-After']).toBe(told);
});

const stateOf = (scopes: Record<string, number | null>): Pick<UpstreamState, 'scopes'> => ({
  scopes: Object.entries(scopes).map(([scope, pausedUntil]) => ({ scope, state: 'paused', pausedUntil })),
});

test('a call is held back by the pause of its upstream and of its bucket, the longer of them, and of no other', () => {
  const state = stateOf({ upstream: NOW + 5, 'bucket:search': NOW + 9, 'bucket:other': NOW + 99 });
  expect(resumeAtOf(state, 'search', NOW)).toBe(NOW + 9);
  expect(resumeAtOf(state, 'default', NOW)).toBe(NOW + 5);
  expect(resumeAtOf(state, 'default', NOW + 5)).toBeUndefined();
  expect(resumeAtOf(stateOf({ upstream: null }), 'default', NOW)).toBeUndefined();
  expect(resumeAtOf(undefined, 'default', NOW)).toBeUndefined();
});
