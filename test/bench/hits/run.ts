import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicMicros } from '../pipeline/profile-files.js';
import type { Span } from '../pipeline/profile-table.js';
import { BusyMeter } from '../rig/busy-meter.js';
import type { Surroundings } from '../rig/runner.js';
import { openServers, type Servers } from '../rig/servers.js';
import { openWrk, type Wrk } from '../rig/wrk.js';
import { CpuMeter } from '../story/cpu-meter.js';
import { KEYS } from './bodies.js';
import { coldStart, type ColdFigures } from './cold.js';
import { sizeFigures, type Half, type Round, type SystemFigures } from './figures.js';
import { SIZES, type Options, type Size } from './options.js';
import { nginxPeer, nodePeer, startSource, varnishPeer, type Ground, type OpenedPeer, type Peer } from './peers.js';
import { openPenstock, penstockPeer } from './penstock.js';
import { memoryOf, warm } from './warm.js';

export interface HitsRun {
  systems: SystemFigures[];
  missing: { name: string; reason: string }[];
  cold: ColdFigures;
  busyShare: number | null;
  /** When Penstock's rounds were, on the clock of the CPU profiles, and how many requests it answered in them. */
  spans: Span[];
  penstockRequests: number;
  versions: Record<string, string>;
}

interface Field {
  options: Options;
  own: Surroundings;
  ground: Ground;
  servers: Servers;
  wrk: Wrk;
}

export async function runHits(options: Options, own: Surroundings): Promise<HitsRun> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-hits-'));
  const closers: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const wrk = await openWrk(own);
    closers.push(() => wrk.close());
    const servers = await openServers({ ...own, redis: false });
    closers.push(() => servers.stop());
    const source = await startSource({ own, folder });
    closers.push(() => source.stop());
    const field = { options, own, servers, wrk, ground: { own, folder, sourcePort: source.port } };
    const warmed = await measureAll(field);
    const cold = await coldStart({ ...field, sourcePort: source.port });
    return { ...warmed, cold, versions: { ...servers.versions, wrk: wrk.version } };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

type Warmed = Omit<HitsRun, 'cold' | 'versions'>;

async function measureAll(field: Field): Promise<Warmed> {
  const opened = await openPeers(field);
  const peers = opened.filter((peer): peer is Peer => !('kind' in peer));
  try {
    const memory = new Map<Peer, number | null>();
    for (const peer of peers) memory.set(peer, await fill(peer, field));
    const busy = new BusyMeter();
    busy.start();
    const startedMs = performance.now();
    const { rounds, spans } = await interleaved(peers, field);
    const systems: SystemFigures[] = [];
    for (const peer of peers) systems.push(await figuresOf(peer, memory.get(peer) ?? null, rounds, field));
    busy.stop();
    const own = rounds.filter(({ peer }) => peer.name === 'penstock');
    return {
      systems,
      missing: opened.flatMap((peer) => ('kind' in peer ? [{ name: peer.name, reason: peer.reason }] : [])),
      busyShare: busy.share(startedMs, performance.now()),
      spans,
      penstockRequests: own.reduce((sum, { round }) => sum + round.requests, 0),
    };
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

async function openPeers({ options, own, ground, servers }: Field): Promise<OpenedPeer[]> {
  const opened: OpenedPeer[] = [];
  const { profileDir } = options;
  for (const name of options.systems) {
    own.signal.throwIfAborted();
    own.progress.step(`starting ${name}`);
    if (name === 'penstock') {
      const stack = await openPenstock({ servers, own, sourcePort: ground.sourcePort, namespace: 'hits', profileDir });
      opened.push(penstockPeer(stack, process.versions.node));
    } else if (name === 'nginx') opened.push(await nginxPeer(ground));
    else if (name === 'varnish') opened.push(await varnishPeer(ground));
    else opened.push(await nodePeer(name, ground));
    const last = opened.at(-1);
    if (last !== undefined && 'kind' in last) own.progress.warn(`${name} is left out: ${last.reason}`);
  }
  return opened;
}

/** Answers what it takes more for each entry of 3.5 kB. */
async function fill(peer: Peer, { own }: Field): Promise<number | null> {
  own.progress.step(`${peer.name}: asking for everything once`);
  const before = memoryOf(peer.pid());
  await warm(peer, 3500, own.signal);
  const after = memoryOf(peer.pid());
  for (const bytes of SIZES) if (bytes !== 3500) await warm(peer, bytes, own.signal);
  return before === undefined || after === undefined ? null : (after - before) / KEYS;
}

interface Played {
  peer: Peer;
  bytes: Size;
  round: Round;
}

/** Round and round about: all have the same machine in the same minutes. */
async function interleaved(peers: readonly Peer[], field: Field): Promise<{ rounds: Played[]; spans: Span[] }> {
  const rounds: Played[] = [];
  const spans: Span[] = [];
  field.own.progress.step('a round that is not counted');
  for (const bytes of SIZES) await turnOf(peers, bytes, { ...field, options: { ...field.options, seconds: 1 } });
  for (let n = 1; n <= field.options.rounds; n += 1) {
    for (const bytes of SIZES) {
      const turn = await turnOf(peers, bytes, field);
      rounds.push(...turn.rounds);
      spans.push(...turn.spans);
      const told = turn.rounds.map(({ peer, round }) => `${peer.name} ${Math.round(round.perSecond)}`);
      field.own.progress.step(`round ${n}, ${bytes} bytes: ${told.join(', ')}`);
    }
  }
  return { rounds, spans };
}

/** Each once. */
async function turnOf(peers: readonly Peer[], bytes: Size, field: Field): Promise<{ rounds: Played[]; spans: Span[] }> {
  const turn: { rounds: Played[]; spans: Span[] } = { rounds: [], spans: [] };
  for (const peer of peers) {
    const fromMicros = monotonicMicros();
    turn.rounds.push({ peer, bytes, round: await played(peer, bytes, field) });
    if (peer.name === 'penstock') turn.spans.push({ fromMicros, toMicros: monotonicMicros() });
  }
  return turn;
}

async function played(peer: Peer, bytes: Size, { options, wrk }: Field): Promise<Round> {
  const cpu = new CpuMeter(() => ({ server: peer.pid() }));
  const { connections, seconds } = options;
  const { perSecond, failed, requests } = await wrk.run({
    url: peer.url,
    prefix: `${peer.prefix}/${bytes}/`,
    keys: KEYS,
    connections,
    seconds,
  });
  return { perSecond, failed, requests, cpuSeconds: cpu.seconds()['server'] ?? null };
}

async function figuresOf(
  peer: Peer,
  bytesPerEntry: number | null,
  played: readonly Played[],
  field: Field,
): Promise<SystemFigures> {
  field.own.progress.step(`${peer.name}: half of what it can take`);
  const sizes = [];
  for (const bytes of SIZES) {
    const rounds = played.filter((one) => one.peer === peer && one.bytes === bytes).map(({ round }) => round);
    const { perSecond } = sizeFigures(bytes, rounds, null);
    sizes.push(sizeFigures(bytes, rounds, await atHalf(peer, bytes, perSecond / 2, field)));
  }
  return { name: peer.name, version: peer.version, bytesPerEntry, sizes };
}

const HALF_CONNECTIONS = 64;

/** Each connection waits at random between its requests, so that all together ask this often. */
async function atHalf(peer: Peer, bytes: Size, wantedPerSecond: number, { options, wrk }: Field): Promise<Half> {
  const measured = await wrk.run({
    url: peer.url,
    prefix: `${peer.prefix}/${bytes}/`,
    keys: KEYS,
    connections: HALF_CONNECTIONS,
    seconds: options.seconds,
    pauseMs: (HALF_CONNECTIONS / Math.max(1, wantedPerSecond)) * 1000,
  });
  return { wantedPerSecond, measured };
}
