import { describe, expect, it } from 'vitest';
import { tallyPosts, verdictOn, wrongPosts } from './post-verdicts.js';
import type { Told } from './told.js';

const answered = (status: number, problem: { type: string; detail: string } | null = null): Told => ({
  kind: 'answered',
  status,
  cache: 'miss',
  retryAfterMs: null,
  problem,
});
const paused = answered(503, { type: 'urn:penstock:paused', detail: 'paused until then' });
const unknown = answered(504, { type: 'urn:penstock:http-response-timeout', detail: 'sent, outcome unknown' });

describe('verdictOn', () => {
  it('success told: done when seen once, lost when never', () => {
    expect(verdictOn(answered(201), 1)).toBe('done');
    expect(verdictOn(answered(201), 0)).toBe('lost');
  });

  it('seen twice is duplicated, whatever was told', () => {
    for (const told of [answered(201), paused, unknown, { kind: 'cut', code: 'x' } satisfies Told])
      expect(verdictOn(told, 2)).toBe('duplicated');
  });

  it('an error told of a call that was never seen is a refusal', () => {
    expect(verdictOn(paused, 0)).toBe('refused');
    expect(verdictOn(answered(429), 0)).toBe('refused');
    expect(verdictOn({ kind: 'refused', code: 'ECONNREFUSED' }, 0)).toBe('refused');
  });

  it('an error of ours told of a call that was seen misleads, unless it says that the outcome is unknown', () => {
    expect(verdictOn(paused, 1)).toBe('misled');
    expect(verdictOn(unknown, 1)).toBe('unknown');
    expect(verdictOn(unknown, 0)).toBe('unknown');
  });

  it("an error of the upstream's own is the truth", () => {
    expect(verdictOn(answered(500), 1)).toBe('answered');
  });

  it('who was cut off knows that the outcome is unknown', () => {
    expect(verdictOn({ kind: 'cut', code: 'ECONNRESET' }, 1)).toBe('unknown');
    expect(verdictOn({ kind: 'cut', code: 'ECONNRESET' }, 0)).toBe('unknown');
  });
});

describe('tallyPosts', () => {
  it('counts verdicts, shows what went wrong and ids that nobody sent', () => {
    const sent = [
      { id: 'a', told: answered(201) },
      { id: 'b', told: answered(201) },
      { id: 'c', told: paused },
    ];
    const tally = tallyPosts(sent, { a: { seen: 1 }, c: { seen: 1 }, x: { seen: 1 } });
    expect(tally.verdicts).toMatchObject({ done: 1, lost: 1, misled: 1 });
    expect(tally.wrong.map(({ id }) => id)).toEqual(['b', 'c']);
    expect(tally.strangers).toBe(1);
    expect(wrongPosts(tally)).toBe(2);
  });
});
