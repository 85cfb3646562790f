import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { birthOf, isAlive } from './process-table.js';
import { StackError, diskError, systemCode } from './stack-error.js';

const enoughBytes = 256 * 1024 * 1024;

interface Owner {
  pid: number;
  birth: string;
}

/** A data folder that is ours until `release()`. `leftBehind`: its last owner was killed, and its children may still be going. */
export interface DataFolder {
  path: string;
  leftBehind: boolean;
  release(): void;
}

export function takeDataFolder(path: string): DataFolder {
  prepare(path);
  const lock = join(path, 'stack.lock');
  const mine = JSON.stringify({ pid: process.pid, birth: birthOf(process.pid) } satisfies Owner);
  const leftBehind = takeLock(lock, mine, path);
  return { path, leftBehind, release: () => readLock(lock) === mine && rmSync(lock, { force: true }) };
}

function prepare(path: string): void {
  try {
    mkdirSync(join(path, 'log'), { recursive: true });
    const disk = statfsSync(path);
    const freeBytes = disk.bavail * disk.bsize;
    if (freeBytes < enoughBytes) throw tooFull(path, freeBytes);
  } catch (error) {
    throw error instanceof StackError ? error : diskError(error, path);
  }
}

function tooFull(path: string, freeBytes: number): StackError {
  const mib = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
  return new StackError(
    'disk',
    `expected at least ${mib(enoughBytes)} free on the disk of ${path}, found ${mib(freeBytes)}`,
    'free some disk space, or set PENSTOCK_DATA_DIR to a folder on another disk',
  );
}

/** Returns whether a dead owner's lock was found. */
function takeLock(lock: string, mine: string, folder: string): boolean {
  try {
    writeFileSync(lock, mine, { flag: 'wx' });
    return false;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw diskError(error, lock);
  }
  const found = readLock(lock);
  const owner = parseOwner(found);
  if (owner && isOther(owner)) throw inUse(folder, owner.pid);
  setAside(lock, found, folder);
  takeLock(lock, mine, folder);
  return true;
}

// Two starters may find the same dead lock: whoever moves away something else than what it judged has taken the other's living lock, and puts it back.
function setAside(lock: string, judged: string, folder: string): void {
  const aside = `${lock}.${randomUUID()}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw diskError(error, lock);
  }
  const moved = readLock(aside);
  if (moved !== judged) linkSync(aside, lock);
  rmSync(aside, { force: true });
  if (moved !== judged) throw inUse(folder, parseOwner(moved)?.pid ?? 0);
}

function readLock(lock: string): string {
  try {
    return readFileSync(lock, 'utf8');
  } catch {
    return '';
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(text);
    if (typeof owner !== 'object' || owner === null || !('pid' in owner) || !('birth' in owner)) return undefined;
    return { pid: Number(owner.pid), birth: String(owner.birth) };
  } catch {
    return undefined; // half written by a killed starter
  }
}

function isOther(owner: Owner): boolean {
  return isAlive(owner.pid) && birthOf(owner.pid) === owner.birth;
}

function inUse(folder: string, pid: number): StackError {
  return new StackError(
    'already-running',
    `the data folder ${folder} is in use by a running stack (process ${pid})`,
    `stop that one (kill ${pid}), or start this one beside it: PENSTOCK_DATA_DIR=.penstock-2 with other ports`,
  );
}
