import { execFileSync } from 'node:child_process';

/** Resident memory of a process. */
export function residentBytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) * 1024;
}

/** Looks at processes now and then, until it is asked what it saw. */
export interface MemoryWatch {
  /** How far each grew above what it had at the beginning, at its most. */
  stop(): Readonly<Record<string, number>>;
}

const LOOK_EVERY_MS = 100;

export function watchMemory(pids: Readonly<Record<string, number>>): MemoryWatch {
  const atFirst = new Map(Object.entries(pids).map(([name, pid]) => [name, residentBytes(pid)]));
  const most = new Map(atFirst);
  const look = (): void => {
    for (const [name, pid] of Object.entries(pids)) most.set(name, Math.max(most.get(name) ?? 0, residentBytes(pid)));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      look();
      return Object.fromEntries([...most].map(([name, bytes]) => [name, bytes - (atFirst.get(name) ?? 0)]));
    },
  };
}
