import type { Progress } from '../../../apps/stack/src/progress.js';
import { startStack, type TestStack } from '../../support/stack.js';
import type { Servers } from '../rig/servers.js';
import type { Cell } from './cells.js';
import { ITEMS } from './rows.js';
import { CONCURRENCY } from './systems.js';

/** Far below what any of these quotas can give: there is always more to refresh than may be called. */
const MAX_AGE = '1s';

export interface PenstockSystem {
  begin(cell: Cell): Promise<void>;
  end(cell: Cell): Promise<void>;
  pids(): Record<string, number | undefined>;
  stop(): Promise<void>;
}

/** Penstock whole, with an upstream for each cell. Nothing is called before its resources are registered. */
export async function openPenstock(
  cells: readonly { cell: Cell; url: string }[],
  { servers, progress }: { servers: Servers; progress: Progress },
): Promise<PenstockSystem> {
  progress.step('starting the four services');
  const config = configOf(cells);
  const { postgresUrl, natsUrl } = servers;
  const stack = await startStack({ config, postgresUrl, natsUrl, demo: false, progress });
  return {
    begin: (cell) => register(stack, cell),
    end: (cell) => withdraw(stack, cell),
    pids: () => Object.fromEntries(stack.running().map(({ name, pid }) => [name, pid])),
    stop: () => stack.stop(),
  };
}

export function configOf(cells: readonly { cell: Cell; url: string }[]): string {
  return `upstreams:\n${cells.map(({ cell, url }) => upstreamOf(cell, url)).join('')}`;
}

function upstreamOf({ id, row, mode }: Cell, url: string): string {
  const windows = mode === 'configured' ? [`      windows: [{ limit: ${row.limit}, per: ${row.perMs / 1000}s }]`] : [];
  const dialect = row.dialect === undefined ? [] : [`      dialect: ${row.dialect}`];
  return [
    `  ${id}:`,
    `    baseUrl: '${url}'`,
    '    limits:',
    ...dialect,
    ...windows,
    `      concurrency: ${CONCURRENCY}`,
    '    refresh:',
    `      maxAge: ${MAX_AGE}`,
    '',
  ].join('\n');
}

async function register({ adminUrl }: TestStack, { id }: Cell): Promise<void> {
  const lines = Array.from({ length: ITEMS }, (_, i) => JSON.stringify({ path: `/items/${i + 1}` }));
  await ask(`${adminUrl}/v1/upstreams/${id}/resources`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
}

/** What is queued already must not go on calling an upstream that is gone. */
async function withdraw({ adminUrl }: TestStack, { id }: Cell): Promise<void> {
  await ask(`${adminUrl}/v1/upstreams/${id}/resources?all=true`, { method: 'DELETE' });
  await ask(`${adminUrl}/v1/upstreams/${id}/pause`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ for: '1h' }),
  });
}

async function ask(url: string, init: RequestInit): Promise<void> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(20_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`expected ${init.method} ${url} to be obeyed, found ${response.status}: ${text}`);
}
