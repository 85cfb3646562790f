import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../../apps/stack/src/progress.js';
import { CpuMeter } from './cpu-meter.js';
import { figuresOf, type Figures, type KillFigures } from './figures.js';
import { judgeAt, untilAllFetched, type Ages, type Judge } from './judge-client.js';
import { killAndWatch } from './kill-watch.js';
import type { Target } from './load-messages.js';
import { LoadProcess } from './load-process.js';
import { penstockRig, plainRig, type Rig } from './rig.js';
import { sample } from './sampler.js';
import type { Story } from './stories.js';

export interface RunOrder {
  story: Story;
  seed: number;
  kill: string | undefined;
  isLong: boolean;
  progress: Progress;
  signal: AbortSignal;
  /** Whoever stops the whole ends these first. */
  loads: Set<LoadProcess>;
}

export interface Run {
  figures: Figures;
  versions: Record<string, string>;
}

const PENSTOCK_WARM_UP_MS = 300_000;
/** Connections open and code gets warm before anything is measured. */
const PRELUDE_MS = 5_000;
const PROGRESS_SECONDS = 5;

export async function runPenstock(order: RunOrder): Promise<Run> {
  const rig = await penstockRig(order);
  const target: Target = { kind: 'penstock', origin: `${rig.stack.dataUrl}/demo` };
  return runOn(rig, order, async (judge) => {
    const never = await untilAllFetched(judge, { ...warmUp(order), withinMs: PENSTOCK_WARM_UP_MS });
    if (never > 0) order.progress.warn(`${never} resources were not fetched once in ${PENSTOCK_WARM_UP_MS / 1000} s`);
    return { users: startUsers(order, target), never };
  });
}

/** The same users and a poller, straight at the API. It gets as long to warm up as Penstock took, and at least two rounds. */
export async function runBaseline(order: RunOrder, warmUpSeconds: number): Promise<Run> {
  const { story, loads } = order;
  const rig = await plainRig(order);
  const target: Target = { kind: 'plain', origin: rig.stack.demoUrl };
  return runOn(rig, order, async (judge) => {
    loads.add(new LoadProcess({ kind: 'poll', target, ...story }));
    const withinMs = Math.max(warmUpSeconds * 1000, 2 * story.maxAgeMs) - PRELUDE_MS;
    const never = await untilAllFetched(judge, { ...warmUp(order), withinMs });
    return { users: startUsers(order, target), never };
  });
}

type Warmed = { users: LoadProcess; never: number };

async function runOn(rig: Rig, order: RunOrder, warm: (judge: Judge) => Promise<Warmed>): Promise<Run> {
  try {
    const judge = judgeAt(rig.stack.demoUrl);
    const startedMs = performance.now();
    const { users, never } = await warm(judge);
    const restMs = 2 * order.story.maxAgeMs - (performance.now() - startedMs);
    await sleep(Math.max(PRELUDE_MS, restMs), undefined, { signal: order.signal });
    const warmUpSeconds = Math.round((performance.now() - startedMs) / 1000);
    const figures = await measured({ rig, order, judge, users, warmUpSeconds, never });
    return { figures, versions: rig.versions };
  } finally {
    await endLoads(order.loads);
    order.progress.step('ending all processes of this run');
    await rig.stop();
  }
}

async function measured(of: {
  rig: Rig;
  order: RunOrder;
  judge: Judge;
  users: LoadProcess;
  warmUpSeconds: number;
  never: number;
}): Promise<Figures> {
  const { rig, order, judge, users } = of;
  const { story, isLong, signal, progress } = order;
  progress.step(`measuring for ${story.measuredSeconds} s`);
  const cpu = new CpuMeter(() => ({ ...rig.pids(), ...loadPids(order.loads, users) }));
  await judge.reset();
  users.tell({ kind: 'measure' });
  if (story.throttles.length > 0) await judge.throttleBySchedule(story.throttles);
  const killing = startKill(rig, order, judge);
  const each = (second: number, ages: Ages): void => tellProgress(order, users, second, ages);
  const { databaseBytes } = rig;
  const sampling = await sample({
    judge,
    items: story.items,
    seconds: story.measuredSeconds,
    isLong,
    cpu,
    databaseBytes,
    each,
    signal,
  });
  const score = await judge.score();
  const cpuSeconds = cpu.seconds();
  const usersResult = await users.finish();
  return figuresOf({
    story,
    isLong,
    warmUpSeconds: of.warmUpSeconds,
    neverFetched: of.never,
    score,
    users: usersResult,
    seenPosts: await judge.posts(),
    sampling,
    cpuSeconds,
    endBytes: await databaseBytes(),
    kill: await killing,
  });
}

function startKill({ stack }: Rig, order: RunOrder, judge: Judge): Promise<KillFigures | null> {
  const { kill: service, story, signal, progress } = order;
  if (service === undefined) return Promise.resolve(null);
  const afterSeconds = Math.floor(story.measuredSeconds / 2);
  const patienceMs = 4 * story.maxAgeMs;
  const say = (line: string): void => progress.step(line);
  const killing = killAndWatch({ stack, judge, service, items: story.items, afterSeconds, patienceMs, say, signal });
  killing.catch(() => undefined); // told to whoever awaits it
  return killing;
}

function startUsers({ story, seed, loads, progress }: RunOrder, target: Target): LoadProcess {
  progress.step('users begin to read');
  const users = new LoadProcess({ kind: 'users', target, seed, items: story.items });
  loads.add(users);
  return users;
}

function warmUp({ story, progress, signal }: RunOrder): {
  items: number;
  say: (line: string) => void;
  signal: AbortSignal;
} {
  progress.step(`warming up: ${story.items} resources, at least ${(2 * story.maxAgeMs) / 1000} s`);
  return { items: story.items, say: (line) => progress.step(line), signal };
}

function tellProgress({ story, progress }: RunOrder, users: LoadProcess, second: number, ages: Ages): void {
  if (second % PROGRESS_SECONDS !== 0) return;
  const seconds = (ms: number | null): string => (ms === null ? '-' : (ms / 1000).toFixed(1));
  const { reads, open } = users.progress;
  progress.step(
    `${second} of ${story.measuredSeconds} s: ages p50 ${seconds(ages.p50Ms)} p95 ${seconds(ages.p95Ms)} s; ${reads} reads, ${open} open`,
  );
}

function loadPids(loads: ReadonlySet<LoadProcess>, users: LoadProcess): Record<string, number | undefined> {
  return Object.fromEntries([...loads].map((load) => [load === users ? 'users' : 'poller', load.pid]));
}

export async function endLoads(loads: Set<LoadProcess>): Promise<void> {
  await Promise.all([...loads].map((load) => load.end()));
  loads.clear();
}
