import { describe, expect, it } from 'vitest';
import { penstockConfig, spread, storyOf } from './stories.js';

describe('story B', () => {
  it('throttles six times by itself, 2 to 20 s, as seconds and as a date by turns', () => {
    const { throttles } = storyOf('B');
    expect(throttles).toHaveLength(6);
    expect(throttles.map(({ form }) => form)).toEqual(['seconds', 'date', 'seconds', 'date', 'seconds', 'date']);
    const waits = throttles.map(({ retryAfterMs }) => retryAfterMs);
    expect([Math.min(...waits), Math.max(...waits)]).toEqual([2_000, 20_000]);
  });

  it('leaves at least 100 s outside the pauses and the 10 s after each', () => {
    const { throttles, measuredSeconds } = storyOf('B');
    const busy = throttles.reduce((sum, { retryAfterMs }) => sum + retryAfterMs / 1000 + 12, 0);
    expect(measuredSeconds - busy).toBeGreaterThanOrEqual(100);
  });

  it('never lets two pauses touch, and ends the last climb within the measured time', () => {
    for (const seconds of [60, 160, 240, 900]) {
      const ends = spread(seconds).map(({ afterMs, retryAfterMs }) => afterMs + retryAfterMs + 12_000);
      spread(seconds)
        .slice(1)
        .forEach(({ afterMs }, i) => expect(afterMs).toBeGreaterThanOrEqual((ends[i] ?? Infinity) + 4_999));
      expect(ends.at(-1)).toBeLessThanOrEqual(seconds * 1000 - 4_999);
    }
  });

  it('has as many pauses as fit into a short run', () => {
    expect(spread(60)).toHaveLength(2);
    expect(spread(10)).toEqual([]);
  });
});

describe('penstockConfig', () => {
  it('tells Penstock of the limit and the target, and nothing of the schedule', () => {
    const text = penstockConfig(storyOf('A'));
    expect(text).toContain('windows: [{ limit: 700, per: 1s }]');
    expect(text).toContain('maxAge: 9s');
    expect(text).toContain("'/items/{1..6000}'");
    expect(text).toContain('${PENSTOCK_DEMO_PORT}');
  });
});
