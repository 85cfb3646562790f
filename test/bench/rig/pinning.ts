import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** The server that is measured, and those who measure it, each have a processor to themselves. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

export function canPin(): boolean {
  if (cpus().length < 2) return false;
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function pinned(core: number, command: readonly string[]): string[] {
  return canPin() ? ['taskset', '-c', String(core), ...command] : [...command];
}

/** All threads of a process that runs already. */
export function pin(pid: number | undefined, core: number): void {
  if (pid !== undefined && canPin())
    execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' });
}
