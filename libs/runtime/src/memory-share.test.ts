import { expect, test } from 'vitest';
import { memoryForEntries } from './memory-share.js';

const MIB = 1024 * 1024;

test('entries get a quarter of the memory, and neither less than 64 MiB nor more than 512', () => {
  expect(memoryForEntries(1_024 * MIB)).toBe(256 * MIB);
  expect(memoryForEntries(128 * MIB)).toBe(64 * MIB);
  expect(memoryForEntries(64 * 1_024 * MIB)).toBe(512 * MIB);
});

test('the machine itself gives an amount within these bounds', () => {
  expect(memoryForEntries()).toBeGreaterThanOrEqual(64 * MIB);
  expect(memoryForEntries()).toBeLessThanOrEqual(512 * MIB);
});
