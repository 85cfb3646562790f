import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestStack } from '../../support/stack.js';
import { BusyMeter } from '../rig/busy-meter.js';
import type { Surroundings } from '../rig/runner.js';
import { openServers, type Servers } from '../rig/servers.js';
import { CpuMeter } from '../story/cpu-meter.js';
import { percent, ratioOf } from './bars.js';
import { cellsOf, type Cell } from './cells.js';
import { figuresOf, type CellOutcome, type WorldFigures } from './figures.js';
import { askForecast, type Forecast } from './forecast.js';
import type { CallLog, ReadLog } from './judge.js';
import type { Options } from './options.js';
import type { PeersQuestion } from './peers-main.js';
import { startPenstock } from './penstock.js';
import { Program } from './program.js';
import { readRecording } from './recording.js';
import type { ReaderQuestion } from './reader-main.js';
import type { PeerName, SystemName } from './systems.js';
import type { Counts, Place, UpstreamQuestion } from './upstream-main.js';
import { zeroNow } from './world-clock.js';
import { worldOf } from './workloads.js';

export interface FreshnessRun {
  readonly cells: CellOutcome[];
  readonly versions: Record<string, string>;
}

interface Field {
  readonly cell: Cell;
  readonly options: Options;
  readonly own: Surroundings;
  readonly servers: Servers;
  readonly upstream: Program<UpstreamQuestion>;
  readonly peers: Program<PeersQuestion>;
  readonly reader: Program<ReaderQuestion>;
  readonly busy: BusyMeter;
}

export async function runFreshness(options: Options, own: Surroundings): Promise<FreshnessRun> {
  const servers = await openServers({ ...own, redis: false });
  const cells: CellOutcome[] = [];
  try {
    for (const [n, cell] of cellsOf(options).entries()) {
      own.progress.step(`${cell.name}: begins, for ${Math.ceil((cell.learnMs + cell.measureMs) / 1000)} s`);
      const outcome = await runCell({ cell, options, own, servers }, `freshness-${n + 1}`);
      own.progress.step(`${cell.name}: ${shortly(outcome)}`);
      cells.push(outcome);
    }
    return { cells, versions: servers.versions };
  } finally {
    own.progress.step('ending all processes of this run');
    await servers.stop();
  }
}

function shortly({ cell, worlds, busyShare }: CellOutcome): string {
  const busy = busyShare === null ? 'not looked at' : `${percent(busyShare)} busy`;
  const ratios = worlds.map((world) => ratioOf(world).toFixed(3)).join(' ');
  return `${cell.kind === 'target' ? 'done' : `${ratios} of the optimum`}, machine ${busy}`;
}

async function runCell(
  of: Pick<Field, 'cell' | 'options' | 'own' | 'servers'>,
  namespace: string,
): Promise<CellOutcome> {
  const field: Field = {
    ...of,
    upstream: new Program('upstream', new URL('./upstream-main.js', import.meta.url)),
    peers: new Program('peers', new URL('./peers-main.js', import.meta.url)),
    reader: new Program('reader', new URL('./reader-main.js', import.meta.url)),
    busy: new BusyMeter(),
  };
  const { upstream, peers, reader, cell, servers, own } = field;
  let stack: TestStack | undefined;
  try {
    favour(upstream);
    const systems = systemsOf(field);
    const { port } = await upstream.ask<{ port: number }>({ kind: 'open', places: cell.places, systems });
    const url = `http://127.0.0.1:${port}`;
    stack = await startPenstock(cell, { url, servers, namespace, progress: own.progress });
    return await measure(field, stack, url);
  } finally {
    for (const program of [peers, reader]) program.stop();
    await stack?.stop();
    upstream.stop();
    field.busy.stop();
  }
}

/** Where quota is enough for everything, nobody competes. */
function systemsOf({ cell, options }: Field): SystemName[] {
  return ['penstock', ...peersOf(cell, options)];
}

function peersOf(cell: Cell, options: Options): PeerName[] {
  return cell.kind === 'target' ? [] : options.peers;
}

/** It stands for another machine: it must not be late because those whom it judges take the processor. */
function favour({ pid }: Program<UpstreamQuestion>): void {
  try {
    if (pid !== undefined) setPriority(pid, -10);
  } catch {
    // It runs at the priority of all others, where it may not be raised.
  }
}

async function measure(field: Field, stack: TestStack, url: string): Promise<CellOutcome> {
  const { cell, options, own, servers, upstream, peers, busy } = field;
  const { places } = cell;
  const zero = zeroNow();
  const beganMs = performance.now();
  const until = (ms: number): Promise<void> =>
    sleep(Math.max(0, beganMs + ms - performance.now()), undefined, { signal: own.signal });
  await upstream.ask({ kind: 'begin', zero });
  await peers.ask({ kind: 'begin', url, zero, places, peers: peersOf(cell, options) });
  await allStored(field);
  await startReading(field, stack, zero);
  await until(cell.learnMs);
  const forecasts = await forecastsOf(field, stack);
  busy.start();
  const startedMs = performance.now();
  const cpu = new CpuMeter(() => ({ ...servers.pids(), ...pidsOf(stack) }));
  const before = await upstream.ask<Counts>({ kind: 'counts' });
  await until(cell.learnMs + cell.measureMs);
  const cpuSeconds = cpu.seconds();
  const busyShare = busy.share(startedMs, performance.now());
  const after = await upstream.ask<Counts>({ kind: 'counts' });
  await peers.ask({ kind: 'end' });
  const worlds = await judged(field, after, forecasts);
  const calls = callsOf(cell, after) - callsOf(cell, before);
  return { cell, worlds, busyShare, cpuMicros: eachCall(cpuSeconds, calls) };
}

const LOOK_MS = 250;
/** A quota is not used up while the services start. */
const SLOWEST_FIRST_SWEEP = 3;

/** Before that a read would be a call. */
async function allStored({ cell, upstream, own }: Field): Promise<void> {
  const wanted = cell.places.reduce((sum, { world }) => sum + world.size, 0);
  const limit = cell.places.reduce((sum, place) => sum + place.limit, 0);
  const deadlineMs = performance.now() + 20_000 + (wanted / limit) * 1000 * SLOWEST_FIRST_SWEEP;
  while (callsOf(cell, await upstream.ask<Counts>({ kind: 'counts' })) < wanted) {
    if (performance.now() > deadlineMs) {
      own.progress.warn(`${cell.name}: not everything has been fetched once; it is read nevertheless`);
      return;
    }
    await sleep(LOOK_MS, undefined, { signal: own.signal });
  }
}

async function startReading({ cell, options, reader }: Field, stack: TestStack, zero: string): Promise<void> {
  const { places, readsPerSecond } = cell;
  await reader.ask({ kind: 'begin', dataUrl: stack.dataUrl, zero, places, readsPerSecond, seed: options.seed });
}

async function forecastsOf({ cell, own }: Field, stack: TestStack): Promise<Map<string, Forecast>> {
  const found = new Map<string, Forecast>();
  if (cell.kind === 'target') return found;
  for (const { id, limit } of cell.places) {
    const forecast = await askForecast(stack.adminUrl, id, limit).catch(() => undefined);
    if (forecast === undefined) own.progress.warn(`${cell.name}: the planner has no forecast for ${id}`);
    else found.set(id, forecast);
  }
  return found;
}

async function judged(field: Field, counts: Counts, forecasts: ReadonlyMap<string, Forecast>): Promise<WorldFigures[]> {
  const { cell, upstream, reader } = field;
  const recording = cell.workload === 'recorded' ? readRecording() : undefined;
  const figures: WorldFigures[] = [];
  for (const place of cell.places) {
    const doorOf = (system: SystemName): string => `${place.id}/${system}`;
    const calls = new Map<SystemName, CallLog>();
    for (const system of systemsOf(field))
      calls.set(system, await upstream.ask<CallLog>({ kind: 'log', door: doorOf(system) }));
    const reads = await reader.ask<ReadLog>({ kind: 'log', place: place.id });
    const refused = new Map([...calls.keys()].map((system) => [system, counts.refused[doorOf(system)] ?? 0]));
    const world = worldOf(place.world, recording);
    figures.push(figuresOf(cell, { place, world, calls, refused, reads, forecast: forecasts.get(place.id) }));
  }
  return figures;
}

function callsOf({ places }: { places: readonly Place[] }, { answered }: Counts): number {
  return places.reduce((sum, { id }) => sum + (answered[`${id}/penstock`] ?? 0), 0);
}

function pidsOf(stack: TestStack): Record<string, number | undefined> {
  return Object.fromEntries(stack.running().map(({ name, pid }) => [name, pid]));
}

function eachCall(cpuSeconds: Record<string, number>, calls: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(cpuSeconds).map(([name, seconds]) => [name, (seconds * 1e6) / Math.max(1, calls)]),
  );
}
