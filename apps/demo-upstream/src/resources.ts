import type { Demo } from './demo.js';

/** Per item: its version now, since when, and when it was last fetched and how often. */
export function resourceRows(demo: Demo) {
  const now = demo.clock.epochMs();
  const resources = Array.from({ length: demo.shelf.count }, (_, i) => row(demo, i + 1, now));
  return { now, resources };
}

function row(demo: Demo, id: number, now: number) {
  return {
    path: `/items/${id}`,
    version: demo.shelf.versionAt(id, now),
    changedAt: demo.shelf.changedAt(id, now),
    lastFetchedAt: demo.fetches.lastFetchedAt(id),
    fetches: demo.fetches.count(id),
  };
}

/** The same in columns, for whoever asks often; item n stands at place n - 1. */
export function resourceColumns(demo: Demo) {
  const { now, resources } = resourceRows(demo);
  return {
    now,
    version: resources.map(({ version }) => version),
    changedAt: resources.map(({ changedAt }) => changedAt),
    lastFetchedAt: resources.map(({ lastFetchedAt }) => lastFetchedAt),
    fetches: resources.map(({ fetches }) => fetches),
  };
}

/** How long ago items were last fetched: the age of a copy that was taken then. */
export function agesOf(demo: Demo, from: number, to: number) {
  const now = demo.clock.epochMs();
  const ages: number[] = [];
  for (let id = from; id <= to; id++) {
    const lastFetchedAt = demo.fetches.lastFetchedAt(id);
    if (lastFetchedAt !== null) ages.push(now - lastFetchedAt);
  }
  ages.sort((a, b) => a - b);
  const quantile = (q: number): number | null => ages[Math.min(ages.length - 1, Math.floor(q * ages.length))] ?? null;
  return {
    now,
    fetched: ages.length,
    never: to - from + 1 - ages.length,
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    maxMs: ages.at(-1) ?? null,
  };
}
