import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStack, type TestStack } from '../../support/stack.js';
import type { Surroundings } from '../rig/runner.js';
import type { Servers } from '../rig/servers.js';
import { CpuMeter, parseStat } from '../story/cpu-meter.js';
import { StandInHolder } from './scheduler-holder.js';
import { fillStore } from './scheduler-world.js';
import { quantileOf, type Bucket } from './tick-quantile.js';

/** One scheduler, on so many resources. */
export interface SchedulerRow {
  readonly resources: number;
  /** From the start of the process to the moment at which all is read. */
  readonly startS: number;
  /** Of the process, for that. */
  readonly startCpuS: number;
  readonly peakMib: number;
  /** At most so long: the bucket of the process's own histogram. */
  readonly tickP50Ms: number;
  readonly tickP99Ms: number;
  readonly remindersPerSecond: number;
  readonly cpuUsPerReminder: number;
}

const RATE = 600;
const READ_WITHIN_MS = 300_000;
const SETTLE_MS = 15_000;
const WATCHED_MS = 60_000;

export async function measureScheduler(
  resources: number,
  { servers, own }: { servers: Servers; own: Surroundings },
): Promise<SchedulerRow> {
  const namespace = `plan${resources}`;
  own.progress.step(`registering ${resources} resources`);
  await fillStore(servers.postgresUrl, namespace, resources);
  own.progress.step('starting a scheduler on them');
  const beganMs = performance.now();
  const none = { 'cache-api': 0, refresher: 0, dispatcher: 0 };
  const { postgresUrl, natsUrl } = servers;
  const stack = await startStack({ config: '', demo: false, postgresUrl, natsUrl, namespace, replicas: none });
  try {
    await untilRead(stack, own);
    const startS = (performance.now() - beganMs) / 1000;
    const startCpuS = cpuSecondsOf(stack.pid('scheduler'));
    return { resources, startS, startCpuS, ...(await watch(stack, { resources, natsUrl, namespace, own })) };
  } finally {
    await stack.stop();
  }
}

async function untilRead(stack: TestStack, own: Surroundings): Promise<void> {
  const deadlineMs = performance.now() + READ_WITHIN_MS;
  while (!stack.logs('scheduler').some((line) => line.includes('the plan is read'))) {
    if (performance.now() > deadlineMs)
      throw new Error(`expected the scheduler to have read its plan within ${READ_WITHIN_MS / 1000} s`);
    await sleep(100, undefined, { signal: own.signal });
  }
}

async function watch(
  stack: TestStack,
  of: { resources: number; natsUrl: string; namespace: string; own: Surroundings },
): Promise<Omit<SchedulerRow, 'resources' | 'startS' | 'startCpuS'>> {
  const { own, resources, natsUrl, namespace } = of;
  const holder = await StandInHolder.open({ natsUrl, namespace, perSecond: RATE, sends: resources });
  try {
    own.progress.step(`${RATE} answers a second`);
    await sleep(SETTLE_MS, undefined, { signal: own.signal });
    const meter = new CpuMeter(() => ({ scheduler: stack.pid('scheduler') }));
    const [answeredBefore, ticksBefore] = [holder.answered, await ticksOf(stack)];
    await sleep(WATCHED_MS, undefined, { signal: own.signal });
    const reminders = holder.answered - answeredBefore;
    const ticks = (await ticksOf(stack)).map(({ le, count }, i) => ({
      le,
      count: count - (ticksBefore[i]?.count ?? 0),
    }));
    return {
      peakMib: peakMibOf(stack.pid('scheduler')),
      tickP50Ms: quantileOf(ticks, 0.5) * 1000,
      tickP99Ms: quantileOf(ticks, 0.99) * 1000,
      remindersPerSecond: reminders / (WATCHED_MS / 1000),
      cpuUsPerReminder: ((meter.seconds()['scheduler'] ?? 0) * 1e6) / reminders,
    };
  } finally {
    await holder.close();
  }
}

async function ticksOf(stack: TestStack): Promise<Bucket[]> {
  const { url } = stack.running().find(({ name }) => name === 'scheduler') ?? { url: '' };
  const text = await (await fetch(new URL('/metrics', url))).text();
  return [...text.matchAll(/^penstock_schedule_tick_seconds_bucket\{.*le="([^"]+)".*\} (\S+)$/gm)].map(
    ([, le = '', count = '']) => ({ le: le === '+Inf' ? Infinity : Number(le), count: Number(count) }),
  );
}

/** What a process has spent since it began; USER_HZ is 100 wherever Node runs. */
function cpuSecondsOf(pid: number | undefined): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).ticks / 100;
}

/** proc_pid_status(5): the most that was resident. */
function peakMibOf(pid: number | undefined): number {
  const [, kib = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
}

const MOST_START_S = 60;
const MOST_MIB = 1_024;
const MOST_TICK_MS = 25;
/** A fifth of what a refresh costs over all services, of which none but the scheduler knows how many resources there are. */
const MOST_MORE_US = 120;

/** `small`: the same on a few thousand resources. */
export function schedulerBars(million: SchedulerRow, small: SchedulerRow): { text: string; met: boolean }[] {
  const moreUs = million.cpuUsPerReminder - small.cpuUsPerReminder;
  return [
    { text: `start ${million.startS.toFixed(1)} s (at most ${MOST_START_S})`, met: million.startS <= MOST_START_S },
    { text: `resident ${million.peakMib} MiB at most (bar ${MOST_MIB})`, met: million.peakMib <= MOST_MIB },
    { text: `ticks p99 within ${million.tickP99Ms} ms (bar ${MOST_TICK_MS})`, met: million.tickP99Ms <= MOST_TICK_MS },
    {
      text: `a reminder costs ${moreUs.toFixed(0)} us of CPU more than among ${small.resources} resources (bar ${MOST_MORE_US})`,
      met: moreUs <= MOST_MORE_US,
    },
  ];
}

export function schedulerText(rows: readonly SchedulerRow[]): string {
  const head = 'resources  start s  of CPU  peak MiB  tick p50 ms  p99 ms  reminders/s  CPU us each';
  const lines = rows.map((row) =>
    [
      String(row.resources).padStart(9),
      row.startS.toFixed(1).padStart(9),
      row.startCpuS.toFixed(1).padStart(8),
      String(row.peakMib).padStart(10),
      `≤ ${row.tickP50Ms}`.padStart(13),
      `≤ ${row.tickP99Ms}`.padStart(8),
      row.remindersPerSecond.toFixed(0).padStart(13),
      row.cpuUsPerReminder.toFixed(0).padStart(13),
    ].join(''),
  );
  return [head, ...lines, ''].join('\n');
}
