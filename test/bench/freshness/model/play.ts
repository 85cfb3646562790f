import { drawer, stream } from '../chances.js';
import { heldFreshness } from '../judge.js';
import { LogBook } from '../logs.js';
import { optimumOf, optimumOver, roundRobinOver } from '../optimum.js';
import { readRecording } from '../recording.js';
import { seasonAt, versionAt, type Season, type World } from '../world.js';
import { worldOf, type Workload } from '../workloads.js';
import { VirtualPenstock } from './virtual-penstock.js';

export interface Game {
  readonly workload: Workload;
  readonly seed: number;
  readonly size: number;
  /** Calls per second for 6,000 resources, in the world that it stands for. */
  readonly rate: number;
  readonly timeScale: number;
  readonly fetchesEach: number;
  readonly measureMs: number;
  readonly readsPerSecond: number;
  /** From the choice to the answer, from there to the scheduler, and until something is learned of it. */
  readonly callMs: number;
  readonly wordMs: number;
  readonly lessonMs: number;
}

export interface Played {
  readonly held: number;
  readonly optimum: number;
  readonly ratio: number;
  readonly roundRobin: number;
  readonly callsOfBudget: number;
}

const TICK_MS = 50;
const SETTLE_EVERY_MS = 1_000;
const RESOURCES = 6_000;

/** The world of the bench, and what the core learns and chooses in it, in virtual time: the same twice, whatever the machine does. */
export function play(game: Game): Played {
  const { size, rate, timeScale, measureMs } = game;
  const limit = (rate * timeScale * size) / RESOURCES;
  const recording = game.workload === 'recorded' ? readRecording() : undefined;
  const order = { workload: game.workload, seed: game.seed, size, timeScale };
  const [first] = worldOf({ ...order, shiftAtMs: Infinity, untilMs: 0 }, recording).seasons;
  const kept = first === undefined ? size : optimumOf(first, limit / 1000).kept;
  const fromMs = ((size + game.fetchesEach * kept) / limit) * 1000;
  const span = { fromMs, toMs: fromMs + measureMs };
  const world = worldOf({ ...order, shiftAtMs: fromMs + measureMs / 2, untilMs: span.toMs }, recording);
  const log = new Round(game, world, limit).playUntil(span.toMs);
  const held = heldFreshness(world, log.calls(), span);
  const optimum = optimumOver(world.seasons, limit / 1000, span);
  const roundRobin = roundRobinOver(world.seasons, limit / 1000, span);
  return { held, optimum, roundRobin, ratio: held / optimum, callsOfBudget: (log.size / span.toMs) * (1000 / limit) };
}

/** Something that is on its way. */
interface Coming {
  readonly atMs: number;
  readonly arrive: (nowMs: number) => void;
}

class Round {
  private readonly penstock: VirtualPenstock;
  private readonly log = new LogBook();
  private readonly chance: () => number;
  private readonly fetchedMs: Float64Array;
  private readonly versions: Int32Array;
  /** Each way takes as long for all that go it: so they arrive as they left. */
  private readonly calls: Coming[] = [];
  private readonly answers: Coming[] = [];
  private readonly lessons: Coming[] = [];
  private season: Season | undefined;
  private draw: (next: () => number) => number = () => 0;
  private readsOwed = 0;

  constructor(
    private readonly game: Game,
    private readonly world: World,
    limit: number,
  ) {
    const { size, timeScale, seed } = game;
    this.penstock = new VirtualPenstock({ size, timeScale, limit });
    this.chance = stream(seed, 'virtual reads');
    this.fetchedMs = new Float64Array(size).fill(NaN);
    this.versions = new Int32Array(size).fill(-1);
  }

  playUntil(endMs: number): LogBook {
    for (let nowMs = 0; nowMs < endMs; nowMs += TICK_MS) {
      this.read(nowMs);
      for (const way of [this.calls, this.answers, this.lessons]) arriveAll(way, nowMs);
      if (nowMs % SETTLE_EVERY_MS === 0) this.penstock.settle(SETTLE_EVERY_MS, nowMs);
      const taken = this.penstock.take(TICK_MS, nowMs);
      taken.forEach((item, i) => this.send(item, nowMs + this.game.callMs + (i * TICK_MS) / taken.length));
    }
    return this.log;
  }

  /** As in the bench: when everything has been fetched once. */
  private read(nowMs: number): void {
    const season = seasonAt(this.world.seasons, nowMs);
    if (season !== this.season) this.draw = drawer(season.weights);
    this.season = season;
    if (this.log.size < this.game.size) return;
    this.readsOwed += (this.game.readsPerSecond * TICK_MS) / 1000;
    for (; this.readsOwed >= 1; this.readsOwed -= 1) this.penstock.read(this.draw(this.chance));
  }

  private send(item: number, atMs: number): void {
    this.calls.push({ atMs, arrive: () => this.answer(item, atMs) });
  }

  private answer(item: number, atMs: number): void {
    const { wordMs, lessonMs } = this.game;
    const version = versionAt(this.world.changes, item, atMs);
    const before = this.fetchedMs[item] ?? NaN;
    this.log.add(atMs, item, version);
    const intervalMs = Number.isNaN(before) ? null : atMs - before;
    const call = { atMs, intervalMs, changed: version !== this.versions[item] };
    this.fetchedMs[item] = atMs;
    this.versions[item] = version;
    this.answers.push({ atMs: atMs + wordMs, arrive: (nowMs) => this.penstock.answered(item, call, nowMs) });
    this.lessons.push({ atMs: atMs + lessonMs, arrive: (nowMs) => this.penstock.learn(item, call, nowMs) });
  }
}

function arriveAll(way: Coming[], nowMs: number): void {
  const waiting = way.findIndex(({ atMs }) => atMs > nowMs);
  for (const { arrive } of way.splice(0, waiting < 0 ? way.length : waiting)) arrive(nowMs);
}
