import type { Progress } from '../../../apps/stack/src/progress.js';
import { startStack, type TestStack } from '../../support/stack.js';
import type { Servers } from '../rig/servers.js';
import type { Cell } from './cells.js';
import { CONCURRENCY } from './systems.js';

/** Penstock whole, with an upstream for each world; its resources stand in the configuration, so that it begins by itself. */
export function startPenstock(
  cell: Cell,
  { url, servers, namespace, progress }: { url: string; servers: Servers; namespace: string; progress: Progress },
): Promise<TestStack> {
  const { postgresUrl, natsUrl } = servers;
  return startStack({
    ...{ postgresUrl, natsUrl, namespace, demo: false, progress },
    config: configOf(cell, url),
    env: { PENSTOCK_BENCHMARK: '1', PENSTOCK_TIME_SCALE: String(cell.timeScale) },
  });
}

/** maxAge stands here as in the world that the run stands for: the services divide it by the time scale. */
export function configOf({ places, refresh }: Cell, url: string): string {
  const upstreams = places.flatMap(({ id, limit, world }) => [
    `  ${id}:`,
    `    baseUrl: '${url}/${id}/penstock'`,
    '    limits:',
    `      windows: [{ limit: ${limit}, per: 1s }]`,
    `      concurrency: ${CONCURRENCY}`,
    // What is not worth a call is still answered, as old as it is.
    '    cache: { grace: 1d }',
    '    refresh:',
    `      maxAge: ${refresh.maxAgeMs / 1000}s`,
    `      spend: ${refresh.spend}`,
    `      resources: ['/items/{1..${world.size}}']`,
  ]);
  return `upstreams:\n${upstreams.join('\n')}\n`;
}
