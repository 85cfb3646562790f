import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { freshFolder } from './fixtures/fresh-folder.js';
import { inherited } from './config.js';
import { freePort } from './ports.js';
import { isAlive } from './process-table.js';
import type { Progress } from './progress.js';
import { Service, isLoud } from './service.js';

const entry = fileURLToPath(new URL('fixtures/stand-in.mjs', import.meta.url));
const told: string[] = [];
const progress: Progress = { step: (line) => void told.push(line), warn: (line) => void told.push(line) };
let service: Service | undefined;

afterEach(async () => {
  await service?.stop(0);
  told.length = 0;
});

async function standIn(fault = ''): Promise<Service> {
  const port = await freePort();
  service = Service.of(
    {
      name: 'scheduler',
      entry,
      env: { ...inherited, PENSTOCK_OPS_PORT: String(port), STAND_IN_FAULT: fault },
      readyUrl: `http://127.0.0.1:${port}/health/ready`,
      logFile: join(freshFolder(), 'scheduler.log'),
    },
    progress,
  );
  return service;
}

test('a service that is killed is started again, and the person is told', async () => {
  const scheduler = await standIn();
  await scheduler.start();
  const first = scheduler.pid;
  await scheduler.kill();
  expect(scheduler.isUp).toBe(false);
  await scheduler.whenUp();
  expect(scheduler.pid).not.toBe(first);
  expect(told).toEqual([
    'scheduler ended (killed by SIGKILL), starting it again in 200 ms',
    'scheduler is ready again',
  ]);
});

test('the back-off doubles while it does not stay up', async () => {
  const scheduler = await standIn();
  await scheduler.start();
  await scheduler.kill();
  await scheduler.whenUp();
  await scheduler.kill();
  await vi.waitFor(() => expect(told).toContain('scheduler ended (killed by SIGKILL), starting it again in 400 ms'));
});

test('one that gives up before it was ever ready fails the start with its last words', async () => {
  const scheduler = await standIn('exit');
  const refusal = await scheduler.start().catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: 'service',
    message: expect.stringMatching(/exit code 3\n.*expected a URL/) as string,
  });
});

test('one that does not listen to SIGTERM is killed after its grace, and nothing is left', async () => {
  const scheduler = await standIn('deaf');
  await scheduler.start();
  const pid = scheduler.pid ?? 0;
  await scheduler.stop(150);
  expect(isAlive(pid)).toBe(false);
  expect(scheduler.pid).toBeUndefined();
});

test('a stop during the back-off ends it at once', async () => {
  const scheduler = await standIn();
  await scheduler.start();
  await scheduler.kill();
  await scheduler.stop();
  expect(scheduler.pid).toBeUndefined();
  await scheduler.start();
  expect(scheduler.isUp).toBe(true);
});

test('its lines go into its log file', async () => {
  const scheduler = await standIn();
  await scheduler.start();
  await scheduler.stop();
  await scheduler.closeLog();
  expect(readFileSync(scheduler.spec.logFile, 'utf8')).toContain('listening on');
  expect(scheduler.logs().join()).toContain('listening on');
});

test.each([
  ['{"level":30,"msg":"x"}', 'stdout', false],
  ['{"level":40,"msg":"x"}', 'stdout', true],
  ['{"level":50,"msg":"x"}', 'stderr', true],
  ['TypeError: x', 'stderr', true],
  ['plain words', 'stdout', false],
] as const)('%s on %s is for the person: %s', (line, from, loud) => {
  expect(isLoud(line, from)).toBe(loud);
});
