import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rootDir } from '../../../apps/stack/src/config.js';
import type { Progress } from '../../../apps/stack/src/progress.js';

/** Demo upstreams of these profiles, all in one process, which is the judge of all who call them. */
export interface Upstreams {
  urls: string[];
  pid: number | undefined;
  stop(): void;
}

/** On the priority scale from -20 to 19. */
const JUDGE_PRIORITY = -10;

export async function openUpstreams(profiles: readonly object[], progress: Progress): Promise<Upstreams> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-judges-'));
  const file = join(folder, 'profiles.json');
  writeFileSync(file, JSON.stringify(profiles));
  const entry = join(rootDir, 'dist', 'apps', 'demo-upstream', 'src', 'many.js');
  const child = spawn(process.execPath, [entry, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const ports = await portsOf(child);
    favour(child, progress);
    return {
      urls: ports.map((port) => `http://127.0.0.1:${port}`),
      pid: child.pid,
      stop: () => void child.kill('SIGKILL'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function portsOf(child: ChildProcess): Promise<number[]> {
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the judges ended before they listened')));
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as string[];
  ended.catch(() => undefined); // they are ended by us later on
  return (JSON.parse(line ?? '{}') as { ports: number[] }).ports;
}

/** They stand for other machines: their stamps must not be late because those whom they judge take the processor. */
function favour({ pid }: ChildProcess, progress: Progress): void {
  try {
    if (pid !== undefined) setPriority(pid, JUDGE_PRIORITY);
  } catch {
    progress.warn('the judges run at the priority of all others, since they may not be raised here');
  }
}
