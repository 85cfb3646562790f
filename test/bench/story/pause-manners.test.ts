import { describe, expect, it } from 'vitest';
import { mannersOf, treatmentOf, type UncachedCall } from './pause-manners.js';

const pause = { beganAt: 10_000, endsAt: 20_000 };

function call(of: { beganAt?: number; tookMs: number; status: number; retryAfterMs?: number }): UncachedCall {
  const { beganAt = 12_000, tookMs, status, retryAfterMs = null } = of;
  return {
    what: 'cold',
    beganAt,
    endedAt: beganAt + tookMs,
    told: { kind: 'answered', status, cache: 'miss', retryAfterMs, problem: null },
  };
}

describe('treatmentOf', () => {
  it('served after the end is right, before it is not', () => {
    expect(treatmentOf(call({ tookMs: 8_300, status: 200 }), pause)).toEqual({ kind: 'served', lateMs: 300 });
    expect(treatmentOf(call({ tookMs: 50, status: 200 }), pause).kind).toBe('wrong');
  });

  it('told at once with a true Retry-After is right', () => {
    expect(treatmentOf(call({ tookMs: 5, status: 503, retryAfterMs: 9_000 }), pause)).toEqual({
      kind: 'told at once',
      overstatedMs: 1_005,
    });
  });

  it('told late, without Retry-After, or with one that is not true, is wrong', () => {
    expect(treatmentOf(call({ tookMs: 400, status: 503, retryAfterMs: 9_000 }), pause).kind).toBe('wrong');
    expect(treatmentOf(call({ tookMs: 5, status: 503 }), pause).kind).toBe('wrong');
    expect(treatmentOf(call({ tookMs: 5, status: 503, retryAfterMs: 11_000 }), pause).kind).toBe('wrong');
    expect(treatmentOf(call({ tookMs: 5, status: 503, retryAfterMs: 3_000 }), pause).kind).toBe('wrong');
  });

  it('a date may be rounded up by a second, which is added to what is allowed', () => {
    const told = call({ tookMs: 5, status: 503, retryAfterMs: 11_000 });
    expect(treatmentOf(told, { ...pause, form: 'seconds' }).kind).toBe('wrong');
    expect(treatmentOf(told, { ...pause, form: 'date' }).kind).toBe('told at once');
  });

  it("passing the vendor's 429 on is wrong", () => {
    expect(treatmentOf(call({ tookMs: 5, status: 429, retryAfterMs: 8_000 }), pause)).toEqual({
      kind: 'wrong',
      why: 'told 429',
    });
  });
});

describe('mannersOf', () => {
  it('judges only calls that began while a pause was known', () => {
    const calls = [
      call({ beganAt: 9_000, tookMs: 50, status: 200 }),
      call({ beganAt: 10_050, tookMs: 5, status: 429 }),
      call({ beganAt: 15_000, tookMs: 5_200, status: 200 }),
      call({ beganAt: 20_001, tookMs: 50, status: 200 }),
    ];
    expect(mannersOf(calls, [pause])).toMatchObject({ calls: 1, served: 1, toldAtOnce: 0, wrong: {} });
  });
});
