import { readdirSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { KEYS, pathOf } from './bodies.js';
import type { Peer } from './peers.js';

const AT_ONCE = 16;

/** Asks for every key of a size once, so that the peer holds it. @throws when one is not answered with 200. */
export async function warm({ url, prefix, name }: Peer, bytes: number, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let next = 1;
  const asker = async (): Promise<void> => {
    for (let n = next++; n <= KEYS; n = next++) {
      signal.throwIfAborted();
      const status = await statusOf(`${url}${prefix}${pathOf(bytes, n)}`, agent);
      if (status !== 200) throw new Error(`expected ${name} to answer ${pathOf(bytes, n)} with 200, found ${status}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, asker));
  } finally {
    agent.destroy();
  }
}

function statusOf(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    }).once('error', reject);
  });
}

/** What a process and all that descend from it take, pages that several share counted once. Undefined where /proc does not tell. */
export function memoryOf(root: number | undefined): number | undefined {
  if (root === undefined || process.platform !== 'linux') return undefined;
  const parents = parentsOf();
  let total = 0;
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    total += proportionalBytes(pid);
    for (const [child, parent] of parents) if (parent === pid) waiting.push(child);
  }
  return total;
}

function parentsOf(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const ppid = /^\d+$/.test(name) ? /^PPid:\s+(\d+)$/m.exec(textOf(`/proc/${name}/status`))?.[1] : undefined;
    if (ppid !== undefined) parents.set(Number(name), Number(ppid));
  }
  return parents;
}

function proportionalBytes(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
}

/** Nothing of one that has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
