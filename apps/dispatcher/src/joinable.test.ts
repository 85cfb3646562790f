import { describe, expect, it, vi } from 'vitest';
import type { Fields } from '#core';
import type { Asker, Flight } from './flight.js';
import { Joinable } from './joinable.js';

const KEY = 'a key';
const order = (fields: Fields): object => ({ key: KEY, urlHash: 'a url', purpose: 'read', fields });
const asker = (fields: Fields = []): Asker => ({ order: order(fields) }) as never;
const flight = (fields: Fields = []): Flight => ({ order: order(fields), state: { kind: 'sent' } }) as never;

const german: Fields = [['Accept-Language', 'de']];
const french: Fields = [['Accept-Language', 'fr']];

describe('calls in flight', () => {
  it('are joined by key, whatever their fields, until an answer has varied', () => {
    const joinable = new Joinable(() => 0);
    const first = flight(german);
    joinable.offer(first);
    expect(joinable.find(asker(french))).toBe(first);
    joinable.withdraw(first);
    expect(joinable.find(asker(french))).toBeUndefined();
  });

  it('are joined by variant once it is known by which fields answers vary', () => {
    const joinable = new Joinable(() => 0);
    joinable.varies(KEY, ['accept-language']);
    const first = flight(german);
    joinable.offer(first);
    expect(joinable.find(asker(german))).toBe(first);
    expect(joinable.find(asker(french))).toBeUndefined();
  });

  it('are withdrawn under the name that they were offered by, also where it was learned meanwhile that answers vary', () => {
    const joinable = new Joinable(() => 0);
    const [before, after] = [flight(german), flight(german)];
    joinable.offer(before);
    joinable.varies(KEY, ['accept-language']);
    joinable.offer(after);
    joinable.withdraw(before);
    expect(joinable.find(asker(german))).toBe(after);
    joinable.withdrawSent(new Set(['a url']));
    expect(joinable.find(asker(german))).toBeUndefined();
  });

  it('are not joined any more once they have left and the URL is known to have changed, but those that wait are', () => {
    const joinable = new Joinable(() => 0);
    const waiting = { ...flight(), state: { kind: 'waiting' } } as Flight;
    joinable.offer(waiting);
    joinable.withdrawSent(new Set(['a url']));
    expect(joinable.find(asker())).toBe(waiting);
    joinable.offer(flight());
    joinable.withdrawSent(new Set(['another url']));
    expect(joinable.find(asker())).toBeDefined();
    joinable.withdrawSent(new Set(['a url']));
    expect(joinable.find(asker())).toBeUndefined();
  });

  it('are joined again 2 minutes after an answer that could not be shared', async () => {
    let nowMs = 1_000;
    const joinable = new Joinable(() => nowMs);
    joinable.neverJoin(KEY);
    const first = flight();
    joinable.offer(first);
    nowMs += 119_000;
    expect(joinable.find(asker())).toBeUndefined();
    nowMs += 2_000;
    // What it asked the clock for last it believes for a millisecond.
    await vi.waitFor(() => expect(joinable.find(asker())).toBe(first));
  });
});
