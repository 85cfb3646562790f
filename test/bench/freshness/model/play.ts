import type { Learned, Reminder } from '../../../../apps/scheduler/src/plan.js';
import { drawer, stream } from '../chances.js';
import { heldFreshness } from '../judge.js';
import { LogBook } from '../logs.js';
import { optimumOf, optimumOver, roundRobinOver } from '../optimum.js';
import { readRecording } from '../recording.js';
import { seasonAt, versionAt, type World } from '../world.js';
import { worldOf, type Workload } from '../workloads.js';
import { itemOf, VirtualPenstock } from './virtual-penstock.js';

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
  /** From a reminder to its answer, and from there until its scheduler hears of it. */
  readonly callMs: number;
  readonly wordMs: number;
}

export interface Played {
  readonly held: number;
  readonly optimum: number;
  readonly ratio: number;
  readonly roundRobin: number;
  readonly callsOfBudget: number;
}

const TICK_MS = 50;
const WRITE_EVERY_MS = 1_000;
const RESOURCES = 6_000;
const MAX_AGE_MS = 30_000;

/** The world of the bench, the scheduler's plan and what the refresher learns, in virtual time: the same twice, whatever the machine does. */
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
  const log = new Table(game, world, limit).playUntil(span.toMs);
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

class Table {
  private readonly penstock: VirtualPenstock;
  private readonly log = new LogBook();
  private readonly chance: () => number;
  private readonly fetchedMs: Float64Array;
  private readonly versions: Int32Array;
  /** Each way takes as long for all that go it: so they arrive as they left. */
  private readonly calls: Coming[] = [];
  private readonly answers: Coming[] = [];
  private readonly words: Coming[] = [];
  private draw: (next: () => number) => number = () => 0;
  private sends = 0;
  private readsOwed = 0;

  constructor(
    private readonly game: Game,
    private readonly world: World,
    limit: number,
  ) {
    const { size, timeScale, seed } = game;
    this.penstock = new VirtualPenstock({ size, timeScale, limit, maxAgeMs: MAX_AGE_MS });
    this.chance = stream(seed, 'virtual reads');
    this.fetchedMs = new Float64Array(size).fill(NaN);
    this.versions = new Int32Array(size).fill(-1);
  }

  playUntil(endMs: number): LogBook {
    let season: unknown;
    for (let nowMs = 0; nowMs < endMs; nowMs += TICK_MS) {
      const current = seasonAt(this.world.seasons, nowMs);
      if (current !== season) this.draw = drawer(current.weights);
      season = current;
      this.read();
      for (const way of [this.calls, this.answers, this.words]) arriveAll(way, nowMs);
      if (nowMs % WRITE_EVERY_MS === 0)
        for (const learned of this.penstock.write(nowMs)) this.tell(learned, nowMs + this.game.wordMs);
      const taken = this.penstock.take(TICK_MS, nowMs);
      taken.forEach((reminder, i) => this.send(reminder, nowMs + this.game.callMs + (i * TICK_MS) / taken.length));
    }
    return this.log;
  }

  /** As in the bench: when everything has been fetched once. */
  private read(): void {
    if (this.sends < this.game.size) return;
    this.readsOwed += (this.game.readsPerSecond * TICK_MS) / 1000;
    for (; this.readsOwed >= 1; this.readsOwed -= 1) this.penstock.read(this.draw(this.chance));
  }

  private send(reminder: Reminder, atMs: number): void {
    this.calls.push({ atMs, arrive: () => this.answer(reminder, atMs) });
  }

  private answer(reminder: Reminder, atMs: number): void {
    const item = itemOf(reminder);
    const current = versionAt(this.world.changes, item, atMs);
    const before = this.fetchedMs[item] ?? NaN;
    this.log.add(atMs, item, current);
    this.sends += 1;
    const call = {
      ...{ atMs, version: { fence: 1, send: this.sends }, changed: current !== this.versions[item] },
      intervalMs: Number.isNaN(before) ? null : atMs - before,
    };
    this.fetchedMs[item] = atMs;
    this.versions[item] = current;
    const arrive = (nowMs: number): void => this.penstock.answered(reminder, call, nowMs);
    this.answers.push({ atMs: atMs + this.game.wordMs, arrive });
  }

  private tell(learned: Learned, atMs: number): void {
    this.words.push({ atMs, arrive: (nowMs) => this.penstock.told(learned, nowMs) });
  }
}

function arriveAll(way: Coming[], nowMs: number): void {
  const waiting = way.findIndex(({ atMs }) => atMs > nowMs);
  for (const { arrive } of way.splice(0, waiting < 0 ? way.length : waiting)) arrive(nowMs);
}
