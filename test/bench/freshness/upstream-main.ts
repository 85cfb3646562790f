// The upstream of this bench, in a process of its own. It is the judge's witness: it alone writes down who was told what, and when.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LogBook } from './logs.js';
import { answerAll } from './program.js';
import { readRecording } from './recording.js';
import type { SystemName } from './systems.js';
import { Turnstile } from './turnstile.js';
import { WorldClock } from './world-clock.js';
import { versionAt, type World } from './world.js';
import { worldOf, type WorldOrder } from './workloads.js';

export interface Place {
  /** The path of its upstreams begins with `/<id>/<system>`. */
  readonly id: string;
  readonly world: WorldOrder;
  /** Calls per second of each system; refused is what is beyond. */
  readonly limit: number;
}

export type UpstreamQuestion =
  | { kind: 'open'; places: readonly Place[]; systems: readonly SystemName[] }
  | { kind: 'begin'; zero: string }
  | { kind: 'counts' }
  | { kind: 'log'; door: string };

export interface Counts {
  /** By door: `<world>/<system>`. */
  readonly answered: Record<string, number>;
  readonly refused: Record<string, number>;
}

interface Door {
  readonly world: World;
  readonly turnstile: Turnstile;
  readonly log: LogBook;
  refused: number;
}

const BODY_BYTES = 1_000;
const clock = new WorldClock();
const doors = new Map<string, Door>();
/** What a record says besides; the same of all. */
const filler = 'The quick brown fox jumps over the lazy dog. '.repeat(BODY_BYTES / 45);

async function open(places: readonly Place[], systems: readonly SystemName[]): Promise<{ port: number }> {
  const recording = places.some(({ world }) => world.workload === 'recorded') ? readRecording() : undefined;
  for (const { id, world: order, limit } of places) {
    const world = worldOf(order, recording);
    for (const system of systems)
      doors.set(`${id}/${system}`, { world, turnstile: new Turnstile(limit), log: new LogBook(), refused: 0 });
  }
  const server = createServer({ keepAliveTimeout: 60_000 }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port }; // it listens on a port
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const [, id, system, kind, number] = (request.url ?? '').split('/');
  const door = doors.get(`${id}/${system}`);
  const item = Number(number) - 1;
  if (door === undefined || kind !== 'items' || !(item >= 0 && item < door.world.size)) {
    response.writeHead(404).end();
    return;
  }
  if (!door.turnstile.admits(performance.now())) {
    door.refused += 1;
    response.writeHead(429, { 'Retry-After': '1', 'Content-Length': 0 }).end();
    return;
  }
  const atMs = clock.nowMs();
  const version = versionAt(door.world.changes, item, atMs);
  door.log.add(atMs, item, version);
  tell(response, { item, version, known: request.headers['if-none-match'] });
}

/** A 304 is a call all the same. */
function tell(
  response: ServerResponse,
  { item, version, known }: { item: number; version: number; known: string | undefined },
): void {
  const etag = `"${item + 1}-${version}"`;
  if (known === etag) {
    response.writeHead(304, { ETag: etag }).end();
    return;
  }
  const body = `{"id":${item + 1},"version":${version},"text":"${filler}"}`;
  response
    .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ETag: etag })
    .end(body);
}

function counts(): Counts {
  const each = (of: (door: Door) => number): Record<string, number> =>
    Object.fromEntries([...doors].map(([name, door]) => [name, of(door)]));
  return { answered: each(({ log }) => log.size), refused: each(({ refused }) => refused) };
}

answerAll<UpstreamQuestion>((question) => {
  switch (question.kind) {
    case 'open':
      return open(question.places, question.systems);
    case 'begin':
      clock.begin(question.zero);
      return {};
    case 'counts':
      return counts();
    case 'log':
      return (doors.get(question.door)?.log ?? new LogBook()).calls();
  }
});
