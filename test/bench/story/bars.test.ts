import { describe, expect, it } from 'vitest';
import { barsOf } from './bars.js';
import { figuresOf, type Observed } from './figures.js';
import type { Score } from './judge-client.js';
import { Notebook } from './notebook.js';
import { scoreboard } from './scoreboard.js';
import { storyOf, type StoryName } from './stories.js';
import type { Told } from './told.js';

const ok = (cache: 'hit' | 'miss', status = 200): Told => ({
  kind: 'answered',
  status,
  cache,
  retryAfterMs: null,
  problem: null,
});

function scoreOf(acceptedPerSecond: number[]): Score {
  return {
    startedAt: 0,
    elapsedMs: acceptedPerSecond.length * 1000,
    arrivals: 0,
    accepted: acceptedPerSecond.reduce((sum, count) => sum + count, 0),
    throttles: 0,
    stragglers: 0,
    probes: 0,
    violations: 0,
    cut: 0,
    maxConcurrency: 60,
    statuses: {},
    acceptedOutsidePausesPerSecond: 90,
    secondsOutsidePauses: 100,
    pauses: [],
    perSecond: { first: 0, accepted: acceptedPerSecond, throttled: [] },
  };
}

function observed(name: StoryName, change: Partial<Observed> = {}): Observed {
  const notebook = new Notebook();
  notebook.ended({ arrival: { kind: 'hot', path: '/items/1' }, told: ok('hit'), dueAt: 0, endedAt: 3 });
  notebook.ended({
    arrival: { kind: 'write', path: '/items/1/notes', id: 'n' },
    told: ok('miss', 201),
    dueAt: 0,
    endedAt: 80,
  });
  return {
    story: storyOf(name),
    warmUpSeconds: 20,
    neverFetched: 0,
    score: scoreOf(Array.from({ length: 61 }, () => 668)),
    seenPosts: { n: { seen: 1 } },
    users: notebook.result({ seconds: 60, eventLoopDelayP99Ms: 1, cpuSeconds: 2 }),
    sampling: { ages: [{ atMs: 0, p50Ms: 4_600, p95Ms: 8_900, maxMs: 9_600 }], databaseBytes: [] },
    cpuSeconds: { dispatcher: 6 },
    endBytes: 1024,
    isLong: false,
    kill: null,
    ...change,
  };
}

const missed = (of: Observed): string[] =>
  barsOf(of.story, figuresOf(of)).flatMap(({ name, met }) => (met ? [] : [name]));

describe('the bars of A', () => {
  it('are met by 668 calls a second and an age p95 of 8.9 s', () => {
    expect(missed(observed('A'))).toEqual([]);
  });

  it('miss one poor half minute, however good the mean is', () => {
    const accepted = [...Array.from({ length: 30 }, () => 640), ...Array.from({ length: 30 }, () => 700), 0];
    expect(missed(observed('A', { score: scoreOf(accepted) }))).toEqual(['calls in the poorest 30 s']);
  });

  it('miss an age p95 over 10.5 s, and resources that were never fetched', () => {
    const ages = [{ atMs: 0, p50Ms: 5_000, p95Ms: 10_600, maxMs: 20_000 }];
    expect(missed(observed('A', { sampling: { ages, databaseBytes: [] } }))).toEqual(['age p95 over all resources, s']);
    expect(missed(observed('A', { neverFetched: 1 }))).toEqual(['age p95 over all resources, s']);
  });

  it('miss users that are told of errors, however fast', () => {
    const notebook = new Notebook();
    notebook.ended({ arrival: { kind: 'hot', path: '/items/1' }, told: ok('miss', 404), dueAt: 0, endedAt: 1 });
    const users = notebook.result({ seconds: 60, eventLoopDelayP99Ms: 1, cpuSeconds: 2 });
    expect(missed(observed('A', { users, seenPosts: {} }))).toEqual(['reads answered, of 100']);
  });

  it('miss a POST that is lost', () => {
    expect(missed(observed('A', { seenPosts: {} }))).toEqual(['POSTs lost, duplicated, or told wrong']);
  });
});

describe('the bars of B', () => {
  it('miss a violation, too few pauses, slow hits and too little work outside pauses', () => {
    const poor = { ...scoreOf([1, 2]), violations: 1, acceptedOutsidePausesPerSecond: 84 };
    expect(missed(observed('B', { score: poor }))).toEqual([
      "pauses of the judge's own accord",
      'violations',
      'accepted/s outside pauses and the 10 s after',
    ]);
  });
});

describe('pauses', () => {
  const paused = (beganMs: number, endsMs: number): Score['pauses'][number] => ({
    form: 'seconds',
    beganMs,
    endsMs,
    beganAt: beganMs,
    endsAt: endsMs,
    throttles: 1,
    stragglers: 0,
    violations: 0,
    probeMs: endsMs,
  });

  it("of the judge's own accord are told from those that the callers brought about", () => {
    const planned = storyOf('B').throttles.map(({ afterMs, retryAfterMs }) =>
      paused(afterMs + 20, afterMs + 20 + retryAfterMs),
    );
    const pauses = [paused(500, 1_500), ...planned.slice(0, 5)];
    const figures = figuresOf(observed('B', { score: { ...scoreOf([1]), pauses } }));
    expect(figures.pauses).toMatchObject({ count: 6, ownAccord: 5 });
  });
});

describe('a run with a kill', () => {
  const kill = { service: 'dispatcher', killedAfterSeconds: 30, readyAgainAfterMs: 900, allFetchedAfterMs: 14_000 };

  it('is judged by two maxAge after the kill instead of by its rates', () => {
    expect(missed(observed('A', { kill, score: scoreOf([1]) }))).toEqual([]);
    expect(missed(observed('A', { kill: { ...kill, allFetchedAfterMs: 18_001 } }))).toHaveLength(1);
    expect(missed(observed('A', { kill: { ...kill, allFetchedAfterMs: null } }))).toHaveLength(1);
  });
});

describe('a long run', () => {
  it('has the flatness of the database as a bar', () => {
    const databaseBytes = [10, 50, 100, 130].map((bytes, i) => ({ atMs: i * 60_000, bytes }));
    const sampling = { ...observed('A').sampling, databaseBytes };
    expect(missed(observed('A', { isLong: true, sampling }))).toEqual(['database size in the second half']);
  });
});

describe('scoreboard', () => {
  it('sets Penstock and the baseline side by side, and says which bars were missed', () => {
    const of = observed('A', { seenPosts: {} });
    const figures = figuresOf(of);
    const text = scoreboard({
      story: of.story,
      penstock: figures,
      baseline: figures,
      bars: barsOf(of.story, figures),
    });
    expect(text).toMatch(/age p50 \/ p95, s +4\.6 \/ 8\.9 +4\.6 \/ 8\.9\n/);
    expect(text).toMatch(/CPU dispatcher, s \(µs a call\) +6\.0 \(147\)/);
    expect(text).toContain('POST n lost (seen 0 times)');
    expect(text).toContain('MISSED  POSTs lost, duplicated, or told wrong: expected <= 0, found 1');
  });
});
