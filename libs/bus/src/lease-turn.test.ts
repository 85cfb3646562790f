import { LEASE_TTL_MS } from '#contracts';
import { expect, it } from 'vitest';
import type { BucketGap, BucketRecord } from './bucket-record.js';
import type { LeaseRecord } from './lease-record.js';
import { LeaseTurn } from './lease-turn.js';
import { rightfulHolder } from './rendezvous.js';

const KEY = 'upstream.crm';
const MEMBERS = ['a', 'b', 'c', 'd'];
const RIGHTFUL = rightfulHolder(KEY, MEMBERS)!;
const OTHERS = MEMBERS.filter((member) => member !== RIGHTFUL);
const SECOND = rightfulHolder(KEY, OTHERS)!;
const LAST = OTHERS.find((member) => member !== SECOND)!;

const FREE: BucketGap = { kind: 'absent', value: null, revision: 7 };

function heldBy(holder: string): BucketRecord<LeaseRecord> {
  return { kind: 'present', revision: 6, storedAtMs: 1, value: { holder, session: holder, fence: 1, at: '' } };
}

const turnOf = (holder: string, members: readonly string[] | null = MEMBERS): LeaseTurn =>
  new LeaseTurn({ key: KEY, holder, session: holder, steadyMembers: () => members });

it('a lease that was handed over is taken at once by the one who should hold it', () => {
  const turn = turnOf(RIGHTFUL);
  turn.leftMs(heldBy(LAST), 100);
  expect(turn.leftMs(FREE, 110)).toBe(0);
});

it('others leave it to that one for half a second', () => {
  const turn = turnOf(SECOND);
  turn.leftMs(heldBy(LAST), 100);
  expect(turn.leftMs(FREE, 110)).toBe(500);
  expect(turn.leftMs(FREE, 600)).toBe(10);
  expect(turn.leftMs(FREE, 610)).toBe(0);
});

it('nobody waits for the one who gave it up, and is still a member', () => {
  const [second, last] = [turnOf(SECOND), turnOf(LAST)];
  for (const turn of [second, last]) turn.leftMs(heldBy(RIGHTFUL), 100);
  expect(second.leftMs(FREE, 110)).toBe(0);
  expect(last.leftMs(FREE, 110)).toBe(500);
});

it('where it is not known who is there, whoever comes first takes it', () => {
  const turn = turnOf(LAST, null);
  expect(turn.leftMs(FREE, 110)).toBe(0);
});

it('one that another has is waited for until it was silent for its ttl', () => {
  const turn = turnOf(RIGHTFUL);
  expect(turn.leftMs(heldBy(LAST), 100)).toBe(LEASE_TTL_MS);
  expect(turn.leftMs(heldBy(LAST), 100 + LEASE_TTL_MS)).toBe(0);
});

it('one that is ours without our knowing is taken up at once', () => {
  expect(turnOf(SECOND).leftMs(heldBy(SECOND), 100)).toBe(0);
});
