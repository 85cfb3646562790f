import { describe, expect, it } from 'vitest';
import { outcomeOf } from './answers.js';

const nowAt = Date.UTC(2026, 0, 1);
const head = (status: number, fields: Record<string, string>) => ({ status, field: (name: string) => fields[name] });

describe('what a peer reads of an answer', () => {
  it('a wait in seconds, in fractions, or as a date', () => {
    const wait = (text: string) => outcomeOf(head(429, { 'retry-after': text }), nowAt);
    expect(wait('3')).toEqual({ kind: 'throttled', waitMs: 3000 });
    expect(wait('0.5')).toEqual({ kind: 'throttled', waitMs: 500 });
    expect(wait('Thu, 01 Jan 2026 00:00:07 GMT')).toEqual({ kind: 'throttled', waitMs: 7000 });
  });

  it('a 403 is a throttle where nothing remains, and waits for the reset', () => {
    const fields = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(nowAt / 1000 + 4) };
    expect(outcomeOf(head(403, fields), nowAt)).toEqual({ kind: 'throttled', waitMs: 4000 });
    expect(outcomeOf(head(403, {}), nowAt)).toEqual({ kind: 'answered' });
  });

  it('a bare 429 says no wait', () => {
    expect(outcomeOf(head(429, {}), nowAt)).toEqual({ kind: 'throttled', waitMs: null });
  });
});
