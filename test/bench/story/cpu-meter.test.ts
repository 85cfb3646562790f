import { describe, expect, it } from 'vitest';
import { CpuMeter, parseStat } from './cpu-meter.js';

describe('CpuMeter', () => {
  it('counts from its own beginning, and goes on counting over a restart', () => {
    let pid = 1;
    const seconds = new Map([
      [1, 10],
      [2, 0.5],
    ]);
    const meter = new CpuMeter(
      () => ({ dispatcher: pid }),
      () => (of) => seconds.get(of),
    );
    seconds.set(1, 12);
    meter.look();
    pid = 2;
    meter.look();
    seconds.set(2, 1.5);
    expect(meter.seconds()).toEqual({ dispatcher: 3.5 });
  });

  it('leaves out what it cannot see', () => {
    const meter = new CpuMeter(
      () => ({ gone: undefined, hidden: 5 }),
      () => () => undefined,
    );
    expect(meter.seconds()).toEqual({});
  });
});

describe('parseStat', () => {
  it('reads the parent and all ticks, whatever the command is called', () => {
    const text = '42 (a) b) S 7 1 1 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 11 0 5';
    expect(parseStat(text)).toEqual({ parent: 7, ticks: 127 });
  });
});
