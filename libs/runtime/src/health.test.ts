import { afterEach, expect, it, vi } from 'vitest';
import { createHealth } from './health.js';

afterEach(() => vi.useRealTimers());

it('a process is ready from its start to its stopping', async () => {
  const health = createHealth();
  expect(await health.report()).toEqual({ ready: false, phase: 'starting', dependencies: {} });
  health.started();
  expect(await health.report()).toEqual({ ready: true, phase: 'ready', dependencies: {} });
  health.stopping();
  expect(await health.report()).toEqual({ ready: false, phase: 'stopping', dependencies: {} });
});

it('a process that stops while it starts is never ready', async () => {
  const health = createHealth();
  health.stopping();
  health.started();
  expect((await health.report()).ready).toBe(false);
});

it('a server that is away is told, and does not take readiness away', async () => {
  const health = createHealth();
  health.started();
  health.watch('nats', () => false);
  health.watch('postgres', () => Promise.resolve(true));
  expect(await health.report()).toMatchObject({ ready: true, dependencies: { nats: 'away', postgres: 'up' } });
});

it('a check that fails says away', async () => {
  const health = createHealth();
  health.started();
  health.watch('nats', () => {
    throw new Error('closed');
  });
  health.watch('postgres', () => Promise.reject(new Error('closed')));
  expect(await health.report()).toMatchObject({ ready: true, dependencies: { nats: 'away', postgres: 'away' } });
});

it('a check that does not answer says away after a second, so that a probe is always answered', async () => {
  vi.useFakeTimers();
  const health = createHealth();
  health.watch('postgres', () => new Promise(() => undefined));
  const report = health.report();
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await report).dependencies).toEqual({ postgres: 'away' });
});
