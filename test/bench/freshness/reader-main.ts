// Who asks Penstock, in a process of its own: as often as the demand of each world says, through the data plane. It writes down what it was given.
import { Agent } from 'undici';
import { Allotment } from './allotment.js';
import { drawer, stream } from './chances.js';
import { LogBook } from './logs.js';
import { answerAll } from './program.js';
import { readRecording } from './recording.js';
import type { Place } from './upstream-main.js';
import { WorldClock } from './world-clock.js';
import { seasonAt, type Season, type World } from './world.js';
import { worldOf } from './workloads.js';

export type ReaderQuestion =
  | { kind: 'begin'; dataUrl: string; zero: string; places: readonly Place[]; readsPerSecond: number; seed: number }
  | { kind: 'log'; place: string }
  | { kind: 'end' };

interface Readers {
  readonly id: string;
  readonly world: World;
  readonly allotment: Allotment;
  readonly log: LogBook;
  readonly next: () => number;
  season: Season | undefined;
  draw: (next: () => number) => number;
}

const TICK_MS = 5;
const CONNECTIONS = 16;
const MOST_IN_FLIGHT = 128;
const clock = new WorldClock();
const all = new Map<string, Readers>();
let inFlight = 0;
let timer: NodeJS.Timeout | undefined;

function begin({ dataUrl, zero, places, readsPerSecond, seed }: Extract<ReaderQuestion, { kind: 'begin' }>): object {
  clock.begin(zero);
  const recording = places.some(({ world }) => world.workload === 'recorded') ? readRecording() : undefined;
  for (const { id, world } of places)
    all.set(id, {
      ...{ id, world: worldOf(world, recording), season: undefined, draw: () => 0, log: new LogBook() },
      allotment: new Allotment(readsPerSecond / places.length, clock.nowMs()),
      next: stream(seed, `reads of ${id}`),
    });
  const agent = new Agent({ connections: CONNECTIONS });
  timer = setInterval(() => {
    for (const readers of all.values()) turn(readers, { agent, dataUrl });
  }, TICK_MS);
  return {};
}

function turn(readers: Readers, way: { agent: Agent; dataUrl: string }): void {
  const nowMs = clock.nowMs();
  const season = seasonAt(readers.world.seasons, nowMs);
  if (season !== readers.season) {
    readers.draw = drawer(season.weights);
    readers.season = season;
  }
  for (let left = readers.allotment.due(nowMs); left > 0; left -= 1)
    if (inFlight < MOST_IN_FLIGHT) void read(readers, readers.draw(readers.next), way);
}

async function read(
  { id, log }: Readers,
  item: number,
  { agent, dataUrl }: { agent: Agent; dataUrl: string },
): Promise<void> {
  inFlight += 1;
  const atMs = clock.nowMs();
  let version = -1;
  try {
    const answer = await agent.request({ origin: dataUrl, path: `/${id}/items/${item + 1}`, method: 'GET' });
    const text = await answer.body.text();
    if (answer.statusCode === 200) version = versionIn(text);
  } catch {
    // Not answered: it is counted as such.
  } finally {
    inFlight -= 1;
    log.add(atMs, item, version);
  }
}

const FIELD = '"version":';

/** A thousand of them a second are not worth parsing whole. */
function versionIn(text: string): number {
  const version = Number.parseInt(text.slice(text.indexOf(FIELD) + FIELD.length), 10);
  return Number.isNaN(version) ? -1 : version;
}

answerAll<ReaderQuestion>((question) => {
  switch (question.kind) {
    case 'begin':
      return begin(question);
    case 'log':
      return (all.get(question.place)?.log ?? new LogBook()).reads();
    case 'end':
      clearInterval(timer);
      return {};
  }
});
