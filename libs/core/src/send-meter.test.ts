import { describe, expect, it } from 'vitest';
import { SendMeter } from './send-meter.js';

const T0 = 1_700_000_000_000;

describe('the meter of sends', () => {
  it('counts what left between two times, less what was refused', () => {
    const meter = new SendMeter();
    for (let ms = 0; ms < 10_000; ms += 10) meter.sent(T0 + ms);
    expect(meter.within(T0 + 1_000, T0 + 2_000)).toBe(100);
    expect(meter.within(T0 + 1_025, T0 + 1_075)).toBeCloseTo(5);
    for (let ms = 1_000; ms < 1_200; ms += 10) meter.refused(T0 + ms);
    expect(meter.within(T0 + 1_000, T0 + 2_000)).toBe(80);
    expect(meter.perSecond(T0 + 10_000, 5_000)).toBe(100);
  });

  it('forgets after a minute, also when nothing was sent in between', () => {
    const meter = new SendMeter();
    for (let ms = 0; ms < 1_000; ms += 10) meter.sent(T0 + ms);
    meter.sent(T0 + 64_500);
    expect(meter.within(T0 - 100, T0 + 64_600)).toBe(101);
    meter.sent(T0 + 200_000);
    expect(meter.within(T0, T0 + 200_050)).toBe(1);
    expect(meter.runs(T0, T0 + 200_000)).toEqual([[T0 + 200_000, 1]]);
  });

  it('a refusal of what is forgotten changes nothing', () => {
    const meter = new SendMeter();
    meter.sent(T0 + 100_000);
    meter.refused(T0);
    expect(meter.within(T0, T0 + 100_050)).toBe(1);
  });
});
