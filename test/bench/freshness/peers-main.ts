// All peers, in a process of their own: simple loops, each at exactly its budget, with what they fetched in memory.
import { Agent } from 'undici';
import { chooserOf, type Chooser } from './choosers.js';
import { Allotment } from './allotment.js';
import { answerAll } from './program.js';
import { readRecording } from './recording.js';
import { CONCURRENCY, type PeerName } from './systems.js';
import type { Place } from './upstream-main.js';
import { WorldClock } from './world-clock.js';
import { seasonAt, type Season, type World } from './world.js';
import { worldOf } from './workloads.js';

export type PeersQuestion =
  { kind: 'begin'; url: string; zero: string; places: readonly Place[]; peers: readonly PeerName[] } | { kind: 'end' };

interface Loop {
  readonly peer: PeerName;
  readonly place: Place;
  readonly world: World;
  readonly allotment: Allotment;
  season: Season | undefined;
  chooser: Chooser | undefined;
  inFlight: number;
  waitUntilMs: number;
}

const TICK_MS = 5;
const clock = new WorldClock();
let timer: NodeJS.Timeout | undefined;

function begin({ url, zero, places, peers }: Extract<PeersQuestion, { kind: 'begin' }>): object {
  clock.begin(zero);
  const recording = places.some(({ world }) => world.workload === 'recorded') ? readRecording() : undefined;
  const loops = places.flatMap((place): Loop[] => {
    const world = worldOf(place.world, recording);
    return peers.map((peer) => ({
      ...{ peer, place, world, season: undefined, chooser: undefined, inFlight: 0, waitUntilMs: 0 },
      allotment: new Allotment(place.limit, clock.nowMs()),
    }));
  });
  const agent = new Agent({ connections: CONCURRENCY });
  timer = setInterval(() => loops.forEach((loop) => turn(loop, { agent, url })), TICK_MS);
  return {};
}

function turn(loop: Loop, way: { agent: Agent; url: string }): void {
  const nowMs = clock.nowMs();
  const season = seasonAt(loop.world.seasons, nowMs);
  if (season !== loop.season) {
    const { limit, world: order } = loop.place;
    // Going round goes on where it was: it takes no notice of seasons.
    if (loop.chooser === undefined || loop.peer !== 'round-robin')
      loop.chooser = chooserOf(loop.peer, {
        ...{ season, budget: limit / 1000, seed: order.seed, timeScale: order.timeScale },
      });
    loop.season = season;
  }
  for (let left = loop.allotment.due(nowMs); left > 0; left -= 1) {
    if (nowMs < loop.waitUntilMs || loop.inFlight >= CONCURRENCY) continue;
    const item = loop.chooser?.next(nowMs);
    if (item !== undefined) void fetchOne(loop, item, way);
  }
}

async function fetchOne(loop: Loop, item: number, { agent, url }: { agent: Agent; url: string }): Promise<void> {
  loop.inFlight += 1;
  try {
    const path = `/${loop.place.id}/${loop.peer}/items/${item + 1}`;
    const { statusCode, headers, body } = await agent.request({ origin: url, path, method: 'GET' });
    await body.dump();
    if (statusCode === 429) loop.waitUntilMs = clock.nowMs() + Number(headers['retry-after'] ?? 1) * 1000;
  } catch {
    // The upstream is being ended.
  } finally {
    loop.inFlight -= 1;
  }
}

answerAll<PeersQuestion>((question) => {
  if (question.kind === 'begin') return begin(question);
  clearInterval(timer);
  return {};
});
