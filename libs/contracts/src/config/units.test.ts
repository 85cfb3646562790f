import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseShare, parseSize } from './units.js';

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1m', 60_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['0s', 0],
  ])('%s is %d ms', (text, durationMs) => expect(parseDuration(text)).toBe(durationMs));

  it.each(['', '30', '1.5s', '-1s', '30 s', '1m30s', '30S', 's', '99999999999999d'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('are told in the largest unit that says them exactly', () => {
    expect([90_000, 60_000, 1, 0, 172_800_000].map(formatDuration)).toEqual(['90s', '1m', '1ms', '0s', '2d']);
  });

  it('survive being told and read again', () => {
    fc.assert(fc.property(fc.nat(), (durationMs) => parseDuration(formatDuration(durationMs)) === durationMs));
  });
});

describe('sizes and shares', () => {
  it.each([
    ['100B', 100],
    ['1KiB', 1_024],
    ['8MiB', 8_388_608],
    ['1GiB', 1_073_741_824],
  ])('%s is %d bytes', (text, sizeBytes) => {
    expect(parseSize(text)).toBe(sizeBytes);
    expect(formatSize(sizeBytes)).toBe(text);
  });

  it.each(['8MB', '8', '8 MiB', '-1B', '8mib'])('%j is no size', (text) => expect(parseSize(text)).toBeUndefined());

  it('a share is a percentage from 0 to 100', () => {
    expect(['20%', '12.5%', '0%', '100%', '101%', '-1%', '20', '0.2'].map(parseShare)).toEqual([
      0.2,
      0.125,
      0,
      1,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
