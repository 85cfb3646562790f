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

  it('has a margin for slow answers of no more than a hundredth of maxAge', () => {
    const lead = taught(Array.from({ length: 2_000 }, (_, i) => (i % 2 === 0 ? 100 : 300)));
    expect(lead.leadMs(9_000)).toBeGreaterThan(250);
    expect(lead.leadMs(9_000)).toBeLessThan(310);
    expect(lead.leadMs(1_000)).toBeGreaterThan(300);
  });

  it('stays between 50 ms and half of maxAge', () => {
    expect(taught([1, 1, 1]).leadMs(9_000)).toBe(50);
    expect(taught([9_000, 9_000]).leadMs(4_000)).toBe(2_000);
    expect(taught([-5_000]).leadMs(9_000)).toBe(50);
  });
});
