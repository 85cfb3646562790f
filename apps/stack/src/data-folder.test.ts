import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from './fixtures/fresh-folder.js';
import { takeDataFolder } from './data-folder.js';

const folder = (): string => join(freshFolder(), 'data');

test('a folder in use is refused, with the process that uses it', () => {
  const path = folder();
  const first = takeDataFolder(path);
  expect(() => takeDataFolder(path)).toThrow(`in use by a running stack (process ${process.pid})`);
  first.release();
  expect(takeDataFolder(path).leftBehind).toBe(false);
});

test.each([
  ['of a process that has gone', JSON.stringify({ pid: 2 ** 22 + 1, birth: '1' })],
  ['of another process with the same pid', JSON.stringify({ pid: process.pid, birth: 'another' })],
  ['half written', '{"pid":'],
])('a lock %s is taken over', (_, lock) => {
  const path = folder();
  takeDataFolder(path).release();
  writeFileSync(join(path, 'stack.lock'), lock);
  expect(takeDataFolder(path).leftBehind).toBe(true);
  expect(readdirSync(path).sort()).toEqual(['log', 'stack.lock']);
});

test('a path that cannot be a folder is told as the disk fault that it is', () => {
  const file = join(freshFolder(), 'file');
  writeFileSync(file, '');
  expect(() => takeDataFolder(join(file, 'data'))).toThrow(/expected to write to .*ENOTDIR/);
});
