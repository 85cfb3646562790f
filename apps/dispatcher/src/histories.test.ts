import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import { ModelStore } from './fixtures/model-store.js';
import { ModelUpstream, type ModelFault } from './fixtures/model-upstream.js';
import { ModelWorld, type ModelCall } from './fixtures/model-world.js';
import type { KeptScope } from './scopes.service.js';

/** A minute of virtual time in every history; more histories with MODEL_RUNS=5000. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 60);

type Step = { readonly afterMs: number } & (
  | { readonly kind: 'ask'; readonly call: ModelCall }
  | { readonly kind: 'leave'; readonly which: number }
  | { readonly kind: 'throttle'; readonly forMs: number }
  | { readonly kind: 'fault'; readonly fault: ModelFault }
  | { readonly kind: 'crash' | 'hand-over' }
);

interface History {
  readonly limit: number;
  readonly concurrency: number;
  readonly seed: number;
  readonly storeMs: number;
  readonly clocksAheadMs: readonly number[];
  readonly steps: readonly Step[];
}

const call: fc.Arbitrary<ModelCall> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      lane: fc.constant('later' as const),
      method: fc.constant('GET' as const),
      key: fc.nat(40),
      waitMs: fc.constant(Infinity),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      lane: fc.constantFrom('now' as const, 'soon' as const),
      method: fc.constantFrom('GET' as const, 'GET' as const, 'PUT' as const, 'POST' as const),
      key: fc.nat(40),
      waitMs: fc.integer({ min: 50, max: 10_000 }),
    }),
  },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 40, arbitrary: fc.record({ kind: fc.constant('ask' as const), call, afterMs: fc.nat(60) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(50), afterMs: fc.nat(50) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('throttle' as const),
      forMs: fc.integer({ min: 100, max: 8_000 }),
      afterMs: fc.nat(500),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom<ModelFault>('error', 'reset', 'hang'),
      afterMs: fc.nat(100),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'hand-over' as const), afterMs: fc.nat(2_000) }),
  },
);

const history: fc.Arbitrary<History> = fc.record({
  limit: fc.integer({ min: 3, max: 40 }),
  concurrency: fc.integer({ min: 2, max: 12 }),
  seed: fc.nat(1_000_000),
  storeMs: fc.integer({ min: 1, max: 40 }),
  clocksAheadMs: fc.array(fc.integer({ min: -3_600_000, max: 3_600_000 }), { minLength: 1, maxLength: 5 }),
  steps: fc.array(step, { minLength: 20, maxLength: 250, size: 'max' }),
});

function configFor({ limit, concurrency }: History): UpstreamConfig {
  const text = `
upstreams:
  model:
    baseUrl: https://model.example
    limits: { windows: [{ limit: ${limit}, per: 1s }], concurrency: ${concurrency} }
    timeouts: { connect: 100ms, response: 900ms, body: 500ms }
`;
  const parsed = parseConfig(text, { env: {}, fileName: 'model.yaml' });
  const config = parsed.kind === 'valid' ? parsed.config.upstreams.get('model') : undefined;
  if (config === undefined) throw new Error(`the model's own configuration was refused: ${JSON.stringify(parsed)}`);
  return config;
}

/** A small generator of chance, so that every history can be played again. */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function play(told: History): Promise<string[]> {
  const nowMs = (): number => Date.now();
  const chance = chanceOf(told.seed);
  const upstream = new ModelUpstream({ ...told, perMs: 1_000 }, () => 2 + Math.floor(chance() * 120), nowMs);
  const store = new ModelStore<KeptScope>(told.storeMs, 17_000, nowMs);
  const world = new ModelWorld({
    ...{ upstream, store, chance, nowMs, config: configFor(told) },
    clockAheadMs: (fence) => told.clocksAheadMs[(fence - 1) % told.clocksAheadMs.length] ?? 0,
  });
  const opened = world.open(false);
  await vi.advanceTimersByTimeAsync(3_000);
  await opened;
  for (const one of told.steps) {
    await vi.advanceTimersByTimeAsync(one.afterMs);
    take(one, world, upstream);
  }
  await vi.advanceTimersByTimeAsync(75_000);
  return [...upstream.broken, ...world.broken, ...world.unanswered().map((id) => `${id} was never told anything`)];
}

function take(one: Step, world: ModelWorld, upstream: ModelUpstream): void {
  switch (one.kind) {
    case 'ask':
      return world.ask(one.call);
    case 'leave':
      return world.leave(one.which);
    case 'throttle':
      return upstream.throttleNext(one.forMs);
    case 'fault':
      return upstream.faultNext(one.fault);
    case 'crash':
      return void world.crash();
    case 'hand-over':
      return void world.handOver();
  }
}

describe('any history of answers, throttles, faults, deaths, hand-overs and clocks that disagree', () => {
  beforeEach(() =>
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] }),
  );
  afterEach(() => vi.useRealTimers());

  it('no window and no concurrency is exceeded, nothing is sent during a pause, all are told in time, no POST goes twice', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (told) => {
        vi.setSystemTime(1_700_000_000_000);
        expect(await play(told)).toEqual([]);
        vi.clearAllTimers();
      }),
      { numRuns: RUNS, endOnFailure: process.env['MODEL_RUNS'] !== undefined },
    );
  }, 600_000);
});
