import { evenRates, optimalRates, ValueIndex, type Placement, type Population } from '#core';
import { sequence } from '../story/chance.js';
import { quantile } from '../story/percentiles.js';

/** The greedy index alone, in this process: CPU, so that it can be judged beside other work. */
export interface IndexRow {
  readonly phase: string;
  readonly takes: number;
  readonly perTake: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  /** To place one again that was fetched. */
  readonly placeUs: number;
  readonly candidates: number;
}

export interface IndexFigures {
  readonly resources: number;
  /** To place all, once. */
  readonly startMs: number;
  readonly mib: number;
  /** To compute the value of each: what a take would cost that looked at everything. */
  readonly fullPassMs: number;
  /** The optimal rates of all, and what they come to: what a forecast costs. */
  readonly optimumMs: number;
  readonly rows: readonly IndexRow[];
}

const TICK_MS = 250;
const ANSWERED_AFTER_MS = 2_000;
const BEGUN_AT_MS = 1_700_000_000_000;
/** 600 calls a second, and what dispatchers tell when users or a pause take some of them, or a limit is raised. */
const PHASES = [
  { phase: 'first ticks', takes: 400, perTake: 150 },
  { phase: 'steady', takes: 2_000, perTake: 150 },
  { phase: 'twice the budget', takes: 1_000, perTake: 300 },
  { phase: 'back to half', takes: 1_000, perTake: 150 },
  { phase: 'a tenth', takes: 400, perTake: 15 },
  { phase: 'steady again', takes: 1_000, perTake: 150 },
] as const;
const RATE = 600;

/** @param seed of what they are worth, and of when they were fetched */
export function measureIndex(resources: number, seed = 1): IndexFigures {
  const chance = sequence(seed);
  const all = populationOf(resources, chance);
  const before = process.memoryUsage();
  const play = new Play(all, chance);
  const startMs = cpuMsOf(() => play.placeAll());
  const after = process.memoryUsage();
  const mib = (after.arrayBuffers - before.arrayBuffers + after.heapUsed - before.heapUsed) / 2 ** 20;
  const fullPassMs = cpuMsOf(() => play.valueAll());
  const optimumMs = cpuMsOf(() => optimalRates(all, RATE));
  const rows = PHASES.map((phase) => play.run(phase));
  return { resources, startMs, mib, fullPassMs, optimumMs, rows };
}

/** What was granted is answered two seconds later, and placed again. */
class Play {
  private readonly index = new ValueIndex();
  private readonly outstanding: { slot: number; backAtMs: number }[] = [];
  private readonly placement: { -readonly [K in keyof Placement]: Placement[K] } = {
    ...{ weight: 0, cost: 1, changeRate: 0, fetchedAtMs: 0, isStale: false },
  };
  private nowMs = BEGUN_AT_MS;

  constructor(
    private readonly all: Population,
    private readonly chance: () => number,
  ) {}

  placeAll(): void {
    const roundMs = 1_000 / (evenRates(this.all, RATE)[0] ?? 1);
    for (let slot = 0; slot < this.all.weight.length; slot += 1) this.place(slot, this.nowMs - this.chance() * roundMs);
  }

  valueAll(): number {
    let sum = 0;
    for (let slot = 0; slot < this.all.weight.length; slot += 1) sum += this.index.valueAt(slot, this.nowMs);
    return sum;
  }

  run({ phase, takes, perTake }: { phase: string; takes: number; perTake: number }): IndexRow {
    const took = new Float64Array(takes);
    let [placed, placeMs] = [0, 0];
    for (let i = 0; i < takes; i += 1) {
      this.nowMs += TICK_MS;
      let granted: number[] = [];
      took[i] = cpuMsOf(() => (granted = this.index.take(perTake, this.nowMs)));
      for (const slot of granted) this.outstanding.push({ slot, backAtMs: this.nowMs + ANSWERED_AFTER_MS });
      placeMs += cpuMsOf(() => (placed += this.placeAnswered()));
    }
    took.sort();
    const [p50Ms, p99Ms, mostMs] = [0.5, 0.99, 1].map((share) => quantile(took, share) ?? 0) as [
      number,
      number,
      number,
    ];
    const placeUs = (placeMs * 1_000) / Math.max(1, placed);
    return { phase, takes, perTake, p50Ms, p99Ms, mostMs, placeUs, candidates: this.index.candidates };
  }

  private placeAnswered(): number {
    const ahead = this.outstanding.findIndex(({ backAtMs }) => backAtMs > this.nowMs);
    const back = this.outstanding.splice(0, ahead < 0 ? this.outstanding.length : ahead);
    for (const { slot } of back) this.place(slot, this.nowMs);
    return back.length;
  }

  private place(slot: number, fetchedAtMs: number): void {
    this.placement.weight = this.all.weight[slot] ?? 0;
    this.placement.changeRate = this.all.changeRate[slot] ?? 0;
    this.placement.fetchedAtMs = fetchedAtMs;
    this.index.place(slot, this.placement, this.nowMs);
  }
}

/** Demand by Zipf, dealt out at random; one change an hour in the median, log-normal, σ 1.5. */
function populationOf(resources: number, chance: () => number): Population {
  const weight = Float64Array.from({ length: resources }, (_, rank) => 1 / (rank + 1));
  for (let i = resources - 1; i > 0; i -= 1) {
    const j = Math.floor(chance() * (i + 1));
    [weight[i], weight[j]] = [weight[j] ?? 0, weight[i] ?? 0];
  }
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
  const changeRate = Float64Array.from({ length: resources }, () => Math.exp(1.5 * normal()) / 3_600);
  return { weight, cost: new Float64Array(resources).fill(1), changeRate };
}

function cpuMsOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const MOST_TAKE_MS = 10;

export function indexBars({ rows }: IndexFigures): { text: string; met: boolean }[] {
  return rows.map(({ phase, perTake, p99Ms }) => ({
    text: `the index, ${perTake} a tick, ${phase}: p99 ${p99Ms.toFixed(1)} ms of CPU (bar ${MOST_TAKE_MS})`,
    met: p99Ms <= MOST_TAKE_MS,
  }));
}

export function indexText({ resources, startMs, mib, fullPassMs, optimumMs, rows }: IndexFigures): string {
  return [
    `the index alone, ${resources} resources: ${mib.toFixed(0)} MiB; to place all ${startMs.toFixed(0)} ms; a look at everything ` +
      `${fullPassMs.toFixed(0)} ms; the optimal rates ${optimumMs.toFixed(0)} ms (CPU)`,
    'phase               per tick   p50 ms   p99 ms  most ms  place us  candidates',
    ...rows.map((row) =>
      [
        row.phase.padEnd(20),
        String(row.perTake).padStart(8),
        row.p50Ms.toFixed(2).padStart(9),
        row.p99Ms.toFixed(2).padStart(9),
        row.mostMs.toFixed(1).padStart(9),
        row.placeUs.toFixed(2).padStart(10),
        String(row.candidates).padStart(12),
      ].join(''),
    ),
    '',
    '',
  ].join('\n');
}
