import { describe, expect, it } from 'vitest';
import { decide, isBehind } from './decision.js';
import type { Decision } from './decision.js';

const head = {
  key: 'k1',
  version: { fence: 2, send: 7 },
  receivedAt: 1_000,
  requestFields: [['Accept', 'application/json']] as [string, string][],
  etag: '"a"',
  lastModified: 'Sun, 06 Nov 1994 08:49:37 GMT',
  isInvalid: false,
  isKnownStale: false,
};
const due = { have: head.version, reason: 'due' } as const;

describe('the decision about a reminder', () => {
  it('is to ask whether what is stored still holds', () => {
    expect(decide(due, head)).toEqual({
      kind: 'fetch',
      lane: 'later',
      order: {
        have: head.version,
        requestFields: head.requestFields,
        validators: [
          ['If-None-Match', '"a"'],
          ['If-Modified-Since', 'Sun, 06 Nov 1994 08:49:37 GMT'],
        ],
      },
    });
  });

  it('is lane soon where someone was given a stale answer', () => {
    expect(decide({ ...due, reason: 'stale-read' }, head)).toMatchObject({ kind: 'fetch', lane: 'soon' });
  });

  it('is to skip what someone else has fetched since', () => {
    const overtaken = { kind: 'skip', reason: 'overtaken' };
    expect(decide({ ...due, have: { fence: 2, send: 6 } }, head)).toEqual(overtaken);
    expect(decide({ ...due, have: { fence: 1, send: 900 } }, head)).toEqual(overtaken);
    expect(decide({ ...due, have: null }, head)).toEqual(overtaken);
  });

  it('is to fetch when the asker knows of a newer answer that was not stored', () => {
    const have = { fence: 2, send: 8 };
    expect(decide({ ...due, have }, head)).toMatchObject({ kind: 'fetch', order: { have } });
  });

  it('is to fetch the successor of what the asker saw, also where that is not stored yet', () => {
    expect(decide(due, undefined)).toMatchObject({ kind: 'fetch', order: { have: due.have } });
  });

  it('is to fetch an invalid entry whole, however new it is', () => {
    const invalid = { ...head, isInvalid: true };
    expect(decide({ ...due, have: null }, invalid)).toMatchObject({
      kind: 'fetch',
      order: { have: head.version, requestFields: head.requestFields, validators: [] },
    });
  });

  it('is to ask whether what is known to have changed still holds, however new it is', () => {
    const stale = { ...head, isKnownStale: true };
    const { order } = decide(due, head) as Extract<Decision, { kind: 'fetch' }>;
    for (const have of [null, { fence: 2, send: 6 }, head.version])
      expect(decide({ have, reason: 'known-stale' }, stale)).toEqual({ kind: 'fetch', lane: 'later', order });
  });

  it('is to skip what was known to have changed and has been fetched since', () => {
    const work = { reason: 'known-stale', have: { fence: 2, send: 6 } } as const;
    expect(decide(work, head)).toEqual({ kind: 'skip', reason: 'overtaken' });
  });

  it('is lane soon where whoever asks says so', () => {
    const stale = { ...head, isKnownStale: true };
    expect(decide({ ...due, reason: 'known-stale', lane: 'soon' }, stale)).toMatchObject({ lane: 'soon' });
  });

  it('is to fetch what was never stored, without conditions', () => {
    expect(decide({ ...due, have: null }, undefined)).toEqual({
      kind: 'fetch',
      lane: 'later',
      order: { have: null, requestFields: [], validators: [] },
    });
  });
});

describe('the store is behind the asker', () => {
  it('where it has nothing of what the asker saw, or something older', () => {
    expect(isBehind(undefined, due)).toBe(true);
    expect(isBehind(head, { have: { fence: 2, send: 8 } })).toBe(true);
  });

  it('and is not where it has that or something newer, nor where the asker saw nothing', () => {
    expect(isBehind(head, due)).toBe(false);
    expect(isBehind(head, { have: { fence: 1, send: 900 } })).toBe(false);
    expect(isBehind(undefined, { have: null })).toBe(false);
  });
});
