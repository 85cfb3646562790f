import { LEASE_TTL_MS } from '#contracts';
import { expect, it } from 'vitest';
import { LeaseSilence } from './lease-silence.js';

it('a lease is over one ttl after its last renewal was first seen', () => {
  const silence = new LeaseSilence();
  const seen = { revision: 7, storedAtMs: 5_000 };
  expect(silence.leftMs(seen, 100)).toBe(LEASE_TTL_MS);
  expect(silence.leftMs(seen, 100 + LEASE_TTL_MS - 1)).toBe(1);
  expect(silence.leftMs(seen, 100 + LEASE_TTL_MS)).toBe(0);
});

it('a renewal begins it anew, whatever the server says of the time', () => {
  const silence = new LeaseSilence();
  silence.leftMs({ revision: 7, storedAtMs: 5_000 }, 100);
  expect(silence.leftMs({ revision: 8, storedAtMs: 1 }, 100 + LEASE_TTL_MS)).toBe(LEASE_TTL_MS);
});

it('the same revision in a store that was made anew is another renewal', () => {
  const silence = new LeaseSilence();
  silence.leftMs({ revision: 7, storedAtMs: 5_000 }, 100);
  expect(silence.leftMs({ revision: 7, storedAtMs: 9_000 }, 100 + LEASE_TTL_MS)).toBe(LEASE_TTL_MS);
});
