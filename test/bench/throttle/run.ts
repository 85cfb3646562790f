import { BusyMeter } from '../rig/busy-meter.js';
import type { Surroundings } from '../rig/runner.js';
import { openServers, type Servers } from '../rig/servers.js';
import { openUpstreams, type Upstreams } from '../rig/upstreams.js';
import { heatsOf, type Cell, type Heat } from './cells.js';
import { CellJudge } from './judges.js';
import type { Options } from './options.js';
import { PeerProcess } from './peers/peer-process.js';
import { openPenstock, type PenstockSystem } from './penstock.js';
import { ITEMS, profileOf } from './rows.js';
import { CONCURRENCY, type SystemName } from './systems.js';
import type { Tally } from './tally.js';

export type CellOutcome =
  { kind: 'measured'; tally: Tally; pausesBefore: number } | { kind: 'not available'; reason: string };

export interface HeatOutcome {
  heat: Heat;
  cells: { cell: Cell; outcome: CellOutcome }[];
  /** How busy the machine was meanwhile; null: it cannot be asked. */
  busyShare: number | null;
}

export interface ThrottleRun {
  heats: HeatOutcome[];
  versions: Record<string, string>;
}

interface Field {
  options: Options;
  own: Surroundings;
  servers: Servers;
  upstreams: Upstreams | undefined;
  judges: Map<string, CellJudge>;
  penstock: PenstockSystem | undefined;
  peers: PeerProcess[];
  busy: BusyMeter;
}

export async function runThrottle(options: Options, own: Surroundings): Promise<ThrottleRun> {
  const heats = heatsOf(options);
  const servers = await openServers({ ...own, redis: options.systems.includes('bullmq') });
  const field: Field = {
    options,
    own,
    servers,
    upstreams: undefined,
    judges: new Map(),
    penstock: undefined,
    peers: [],
    busy: new BusyMeter(),
  };
  try {
    await setUp(field, heats);
    return { heats: await runHeats(field, heats), versions: servers.versions };
  } finally {
    own.progress.step('ending all processes of this run');
    field.peers.forEach((peer) => peer.stop());
    await field.penstock?.stop();
    field.upstreams?.stop();
    await servers.stop();
  }
}

async function setUp(field: Field, heats: readonly Heat[]): Promise<void> {
  const { options, own, servers, judges } = field;
  const cells = heats.flatMap((heat) => heat.cells);
  field.upstreams = await openUpstreams(
    cells.map(({ row }) => profileOf(row, options.seed)),
    own.progress,
  );
  field.upstreams.urls.forEach((url, i) => {
    const cell = cells[i];
    if (cell !== undefined) judges.set(cell.id, new CellJudge(cell, url));
  });
  const ofPenstock = cells.filter(({ system }) => system === 'penstock');
  if (ofPenstock.length > 0) {
    const placed = ofPenstock.map((cell) => ({ cell, url: judgeOf(field, cell).url }));
    field.penstock = await openPenstock(placed, { servers, progress: own.progress });
  }
  for (const system of options.systems) if (system !== 'penstock') field.peers.push(new PeerProcess(system));
  await Promise.all(field.peers.map(({ ready }) => ready));
  field.busy.start();
}

/** The long ones first and beside all others, the rest so many at a time. */
async function runHeats(field: Field, heats: readonly Heat[]): Promise<HeatOutcome[]> {
  const outcomes = new Map<Heat, HeatOutcome>();
  const run = async (heat: Heat): Promise<void> => {
    outcomes.set(heat, await runHeat(field, heat));
  };
  const long = heats.filter(({ row }) => row.name === 'ban');
  const waiting = heats.filter(({ row }) => row.name !== 'ban');
  const lane = async (): Promise<void> => {
    for (let heat = waiting.shift(); heat !== undefined; heat = waiting.shift()) await run(heat);
  };
  await Promise.all([...long.map(run), ...Array.from({ length: field.options.atOnce }, lane)]);
  return heats.flatMap((heat) => outcomes.get(heat) ?? []);
}

async function runHeat(field: Field, heat: Heat): Promise<HeatOutcome> {
  const { progress } = field.own;
  const name = `${heat.row.name}, limits ${heat.mode}`;
  progress.step(`${name}: begins`);
  const startedMs = performance.now();
  const cells = await Promise.all(
    heat.cells.map(async (cell) => ({ cell, outcome: await runCell(field, heat, cell) })),
  );
  const busyShare = field.busy.share(startedMs, performance.now());
  progress.step(
    `${name}: done, machine ${busyShare === null ? 'not looked at' : `${Math.round(busyShare * 100)} % busy`}`,
  );
  return { heat, cells, busyShare };
}

async function runCell(field: Field, heat: Heat, cell: Cell): Promise<CellOutcome> {
  const { redis } = field.servers;
  if (cell.system === 'bullmq' && redis.kind === 'not available')
    return { kind: 'not available', reason: `Redis: ${redis.reason}` };
  const { signal } = field.own;
  const judge = judgeOf(field, cell);
  await begin(field, cell, judge.url);
  const pausesBefore = await judge.warmedUp({ withinMs: heat.warmUpMs, signal });
  const tally = await judge.measure({ forMs: heat.measuredMs, signal });
  await end(field, cell);
  return { kind: 'measured', tally, pausesBefore };
}

async function begin(field: Field, cell: Cell, url: string): Promise<void> {
  if (cell.system === 'penstock') return field.penstock?.begin(cell);
  const { redis } = field.servers;
  peerOf(field, cell.system)?.begin({
    cell: cell.id,
    url,
    items: ITEMS,
    concurrency: CONCURRENCY,
    seed: field.options.seed,
    known: cell.mode === 'configured' ? { limit: cell.row.limit, perMs: cell.row.perMs } : undefined,
    redisPort: redis.kind === 'up' ? redis.port : undefined,
  });
}

async function end(field: Field, cell: Cell): Promise<void> {
  if (cell.system === 'penstock') return field.penstock?.end(cell);
  peerOf(field, cell.system)?.end(cell.id);
}

function peerOf({ peers }: Field, system: SystemName): PeerProcess | undefined {
  return peers.find(({ name }) => name === system);
}

function judgeOf({ judges }: Field, { id }: Cell): CellJudge {
  const judge = judges.get(id);
  if (judge === undefined) throw new Error(`expected a judge for ${id}, found none`);
  return judge;
}
