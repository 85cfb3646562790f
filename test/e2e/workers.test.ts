import { execFileSync } from 'node:child_process';
import { Agent, get } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, cacheStatusOf } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

/** One cache-api, whose data plane is two processes. */
let upstream: OwnUpstream;
let stack: OpenStack;
beforeAll(async () => {
  upstream = await startOwnUpstream();
  upstream.on('/kept', ({ nth }, response) =>
    response.writeHead(200, { 'Cache-Control': 'max-age=3600' }).end(`${nth}`),
  );
  const config = `upstreams: { own: { baseUrl: '${upstream.url}', refresh: { background: false } } }`;
  stack = await openStack('workers', { config, demo: false, env: { PENSTOCK_WORKERS: '2' } });
});
afterAll(async () => {
  await stack.stop();
  await upstream.close();
});

test('both workers answer hits on the one port, and the metrics tell each apart', async () => {
  await ask(stack.dataUrl, '/own/kept/1');
  await expect.poll(() => servedBy('/own/kept/1'), { timeout: 20_000 }).toEqual(['1', '2']);
  expect(upstream.callsAt('/kept/1')).toHaveLength(1);
});

test('the control plane is there once, and knows that all workers serve', async () => {
  const ready = await ask(stack.adminUrl, '/health/ready');
  expect(ready.json()).toMatchObject({ ready: true, dependencies: { workers: 'up', nats: 'up', postgres: 'up' } });
  expect((await ask(stack.adminUrl, '/v1/upstreams')).status).toBe(200);
  expect(workerPids()).toHaveLength(2);
});

test('what is written through one worker is read at once through the other', async () => {
  const [one, other] = await oneOfEach('/own/kept/2');
  for (let round = 0; round < 20; round += 1) {
    const [writer, reader] = round % 2 === 0 ? [one, other] : [other, one];
    expect(cacheStatusOf(await reader.ask('/own/kept/2'))).toMatch(/^hit/);
    const calls = upstream.callsAt('/kept/2').length;
    await writer.ask('/own/kept/2', 'PUT');
    const read = await reader.ask('/own/kept/2');
    expect(cacheStatusOf(read)).toMatch(/^fwd=/);
    expect(Number(read.text)).toBe(calls + 2);
  }
  one.close();
  other.close();
});

test('a worker that is killed takes its own calls with it, no others, and is replaced', async () => {
  const [one, other] = await oneOfEach('/own/kept/3');
  const before = workerPids();
  process.kill(before[0] ?? 0, 'SIGKILL');
  const outcomes = await Promise.allSettled([one.ask('/own/kept/3'), other.ask('/own/kept/3')]);
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
  // Whoever connects now is served by the one that is left, or by the new one.
  for (let i = 0; i < 20; i += 1) {
    const connection = keptOpen();
    expect((await connection.ask('/own/kept/3')).status).toBe(200);
    connection.close();
  }
  await expect.poll(() => workerPids().filter((pid) => !before.includes(pid)), { timeout: 20_000 }).toHaveLength(1);
  expect(workerPids()).toContain(before[1]);
  await expect.poll(() => servedBy('/own/kept/3'), { timeout: 20_000 }).toEqual(['1', '2']);
  const ready = await ask(stack.adminUrl, '/health/ready');
  expect(ready.json()).toMatchObject({ dependencies: { workers: 'up' } });
  one.close();
  other.close();
});

test('a clean stop ends every worker', async () => {
  const pids = workerPids();
  expect(pids).toHaveLength(2);
  await stack.halt('cache-api');
  expect(pids.filter(isAlive)).toEqual([]);
  await stack.start('cache-api');
  expect((await ask(stack.dataUrl, '/own/kept/1')).status).toBe(200);
});

/** The worker of each of some fresh connections, each once. */
async function servedBy(path: string): Promise<string[]> {
  const before = await hitsByWorker();
  const connections = Array.from({ length: 4 }, keptOpen);
  for (const connection of connections) expect((await connection.ask(path)).status).toBe(200);
  for (const connection of connections) connection.close();
  const after = await hitsByWorker();
  return [...after].filter(([worker, hits]) => hits > (before.get(worker) ?? 0)).map(([worker]) => worker);
}

async function hitsByWorker(): Promise<Map<string, number>> {
  const { text } = await ask(stack.adminUrl, '/metrics');
  const lines = [...text.matchAll(/^penstock_answers_total\{(?=.*outcome="hit").*worker="(\d+)".*\} (\d+)$/gm)];
  return new Map(lines.map(([, worker = '', hits]) => [worker, Number(hits)] as const).sort());
}

interface Connection {
  ask(
    path: string,
    method?: string,
  ): Promise<{ status: number; text: string; field(name: string): string | undefined }>;
  close(): void;
}

/** Two connections which are held by different workers. */
async function oneOfEach(path: string): Promise<[Connection, Connection]> {
  await ask(stack.dataUrl, path);
  const found = new Map<string, Connection>();
  for (let tries = 0; tries < 40 && found.size < 2; tries += 1) {
    const connection = keptOpen();
    await connection.ask(path);
    const before = await hitsByWorker();
    await connection.ask(path);
    const after = await hitsByWorker();
    const worker = [...after].find(([name, hits]) => hits > (before.get(name) ?? 0))?.[0] ?? '';
    if (found.has(worker)) connection.close();
    else found.set(worker, connection);
  }
  const [one, other] = [...found.values()];
  if (one === undefined || other === undefined)
    throw new Error(`expected both workers, found ${[...found.keys()].join()}`);
  return [one, other];
}

function keptOpen(): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { hostname, port } = new URL(stack.dataUrl);
  return {
    close: () => agent.destroy(),
    ask: (path, method = 'GET') =>
      new Promise((resolve, reject) => {
        const out = get({ hostname, port, path, method, agent }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => (text += part));
          response.once('error', reject);
          response.once('end', () => {
            const field = (name: string): string | undefined => response.headers[name.toLowerCase()]?.toString();
            resolve({ status: response.statusCode ?? 0, text, field });
          });
        });
        out.once('error', reject);
      }),
  };
}

function workerPids(): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString();
  const first = String(stack.pid('cache-api') ?? 0);
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([pid = '', parent]) => (parent === first ? [Number(pid)] : []))
    .sort((a, b) => a - b);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
