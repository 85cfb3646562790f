import { describe, expect, it } from 'vitest';
import { BusyMeter, parseCpuLine } from './busy-meter.js';

describe('the busy meter', () => {
  it('idle time is what waits for nothing or for a disk', () => {
    expect(parseCpuLine('cpu  10 0 20 60 5 1 2 2 0 0\ncpu0 1 1 1\n')).toEqual({ idle: 65, total: 100 });
  });

  it('the share is of the time between two instants alone', () => {
    const lines = ['cpu 0 0 0 0', 'cpu 90 0 0 10', 'cpu 110 0 0 90', 'cpu 200 0 0 200'];
    let next = 0;
    const meter = new BusyMeter(() => lines[next++]);
    for (const atMs of [0, 1000, 2000, 3000]) meter.look(atMs);
    expect(meter.share(1000, 2000)).toBeCloseTo(0.2);
    expect(meter.share(5000, 6000)).toBeNull();
  });
});
