import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode } from './stack-error.js';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Of another process it can only be told cheaply on Linux: 0 elsewhere. */
export function parentOf(pid?: number): number {
  if (pid === undefined) return process.ppid;
  return process.platform === 'linux' ? Number(procStat(pid)[1] ?? 0) : 0;
}

/** Tells a process from a later one with the same pid. '' when it cannot be told. */
export function birthOf(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  return procStat(pid)[19] ?? '';
}

export function commandOf(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'args=');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

export function send(signal: NodeJS.Signals, pid: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

/** True when the process has gone within the time. */
export async function waitForEnd(pid: number, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (isAlive(pid)) {
    if (performance.now() >= deadline) return false;
    await sleep(20);
  }
  return true;
}

// A process that has ended but was not collected by its parent still answers signal 0.
function isZombie(pid: number): boolean {
  return process.platform === 'linux' && procStat(pid)[0] === 'Z';
}

// The fields after the command, which is in brackets and may hold anything.
function procStat(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function ps(pid: number, field: string): string {
  try {
    return execFileSync('ps', ['-o', field, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
