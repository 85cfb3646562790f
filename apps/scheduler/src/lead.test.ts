import { describe, expect, it } from 'vitest';
import { Lead } from './lead.js';

function taught(totalsMs: readonly number[]): Lead {
  const lead = new Lead();
  for (const totalMs of totalsMs) lead.learn({ totalMs, serviceMs: totalMs / 2 });
  return lead;
}

describe('the lead', () => {
  it('is what the way usually takes', () => {
    const lead = taught(Array.from({ length: 2_000 }, () => 300));
    expect(lead.leadMs(9_000)).toBeCloseTo(300, 0);
    expect(lead.serviceMs()).toBeCloseTo(150, 0);
  });

  it('has a margin, of two hundredths of maxAge at most, only where slow answers would be too late', () => {
    const lead = taught(Array.from({ length: 2_000 }, (_, i) => (i % 2 === 0 ? 100 : 300)));
    expect(lead.leadMs(9_000)).toBeCloseTo(200, 0);
    // Slow answers would be 200 ms late of 1 s, more than is tolerable.
    expect(lead.leadMs(1_000)).toBeCloseTo(220, 0);
  });

  it('stays between 50 ms and half of maxAge', () => {
    expect(taught([1, 1, 1]).leadMs(9_000)).toBe(50);
    expect(taught([9_000, 9_000]).leadMs(4_000)).toBe(2_000);
    expect(taught([-5_000]).leadMs(9_000)).toBe(50);
  });
});
