import type { UsersResult } from './load-messages.js';
import type { Score } from './judge-client.js';
import { mannersOf, type Manners } from './pause-manners.js';
import { isFlat, mean, quantile, slidingSums, sum, type Spread } from './percentiles.js';
import { tallyPosts, type PostTally } from './post-verdicts.js';
import type { Sampling } from './sampler.js';
import type { Story } from './stories.js';

/** All that one run showed; everything but CPU and database size is the judge's or the users' word. */
export interface Figures {
  measuredSeconds: number;
  warmUpSeconds: number;
  neverFetched: number;
  readsPerSecond: number;
  /** Of all reads: the rest was told of an error, or nothing. */
  answeredRatio: number;
  hitRatio: number;
  staleRatio: number;
  latencyMs: { hits: Spread; stale: Spread; misses: Spread; writes: Spread };
  ageMs: { p50: number; p95: number; worstP95: number; max: number };
  calls: number;
  callsPer30s: { least: number; mean: number } | null;
  throttles: number;
  stragglers: number;
  violations: number;
  quotaUsed: number;
  /** `ownAccord`: those that the judge was told to begin, whatever the calls did. The others are the callers' doing. */
  pauses: { count: number; ownAccord: number; seconds: number };
  accepted: { perSecondOutsidePauses: number | null; secondsOutsidePauses: number };
  maxConcurrency: number;
  errors: Record<string, number>;
  serverErrors: number;
  posts: PostTally;
  manners: Manners;
  cpu: { seconds: Record<string, number>; microsecondsPerCall: Record<string, number> };
  database: { middleBytes: number | null; endBytes: number | null; flat: boolean | null; perMinuteBytes: number[] };
  load: { sentLateMs: Spread; eventLoopDelayP99Ms: number; cpuSeconds: number };
  kill: KillFigures | null;
  judgedPauses: Score['pauses'];
}

export interface KillFigures {
  service: string;
  killedAfterSeconds: number;
  readyAgainAfterMs: number | null;
  /** Until every resource had been fetched at the judge since the kill; null: not within the measured time. */
  allFetchedAfterMs: number | null;
}

export interface Observed {
  story: Story;
  warmUpSeconds: number;
  neverFetched: number;
  score: Score;
  seenPosts: Record<string, { seen: number }>;
  users: UsersResult;
  sampling: Sampling;
  cpuSeconds: Record<string, number>;
  endBytes: number | null;
  isLong: boolean;
  kill: KillFigures | null;
}

export function figuresOf(observed: Observed): Figures {
  const { story, score, users, sampling } = observed;
  const perSecond = score.perSecond.accepted.slice(0, story.measuredSeconds);
  return {
    measuredSeconds: story.measuredSeconds,
    warmUpSeconds: observed.warmUpSeconds,
    neverFetched: observed.neverFetched,
    readsPerSecond: users.readsAnswered / users.seconds,
    answeredRatio: ratio(users.readsAnswered, users.reads),
    hitRatio: ratio(users.hot.hits, users.hot.reads + users.cold.reads),
    staleRatio: ratio(users.hot.stale, users.hot.reads + users.cold.reads),
    latencyMs: { hits: users.hits, stale: users.stale, misses: users.misses, writes: users.writes },
    ageMs: agesOf(sampling),
    calls: score.accepted,
    callsPer30s: windowsOf(perSecond),
    throttles: score.throttles,
    stragglers: score.stragglers,
    violations: score.violations,
    quotaUsed: ratio(sum(perSecond), perSecond.length * story.limitPerSecond),
    pauses: pausesOf(story, score),
    accepted: {
      perSecondOutsidePauses: score.acceptedOutsidePausesPerSecond,
      secondsOutsidePauses: score.secondsOutsidePauses,
    },
    maxConcurrency: score.maxConcurrency,
    errors: users.errors,
    serverErrors: serverErrorsIn(users.errors),
    posts: tallyPosts(users.posts, observed.seenPosts),
    manners: mannersOf(users.uncached, score.pauses),
    cpu: cpuOf(observed.cpuSeconds, score.accepted),
    database: databaseOf(observed),
    load: {
      sentLateMs: users.sentLateMs,
      eventLoopDelayP99Ms: users.eventLoopDelayP99Ms,
      cpuSeconds: users.cpuSeconds,
    },
    kill: observed.kill,
    judgedPauses: score.pauses,
  };
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Each sample is over all resources, so the mean of their quantiles is the quantile over time of a steady run. */
function agesOf({ ages }: Sampling): Figures['ageMs'] {
  const p50s = ages.map(({ p50Ms }) => p50Ms).sort((a, b) => a - b);
  return {
    p50: quantile(p50s, 0.5) ?? Infinity,
    p95: mean(ages.map(({ p95Ms }) => p95Ms)) ?? Infinity,
    worstP95: Math.max(...ages.map(({ p95Ms }) => p95Ms)),
    max: Math.max(...ages.map(({ maxMs }) => maxMs)),
  };
}

/** A throttle of its own accord begins with the next call after its time, or extends a pause that is under way. */
const NEXT_CALL_MS = 5_000;

function pausesOf({ throttles }: Story, { pauses }: Score): Figures['pauses'] {
  const began = throttles.filter(({ afterMs, retryAfterMs }) =>
    pauses.some(({ beganMs, endsMs }) => beganMs <= afterMs + NEXT_CALL_MS && endsMs >= afterMs + retryAfterMs),
  );
  const seconds = sum(pauses.map(({ beganMs, endsMs }) => endsMs - beganMs)) / 1000;
  return { count: pauses.length, ownAccord: began.length, seconds };
}

function windowsOf(perSecond: readonly number[]): Figures['callsPer30s'] {
  const windows = slidingSums(perSecond, 30);
  return windows.length === 0 ? null : { least: Math.min(...windows), mean: mean(windows) ?? 0 };
}

/** 5xx of whomever, and calls that got no answer at all. */
function serverErrorsIn(errors: Record<string, number>): number {
  return sum(Object.entries(errors).map(([name, count]) => (/^5|^no answer/.test(name) ? count : 0)));
}

function cpuOf(seconds: Record<string, number>, calls: number): Figures['cpu'] {
  const each = Object.entries(seconds).map(
    ([name, spent]) => [name, calls === 0 ? 0 : Math.round((spent / calls) * 1e6)] as const,
  );
  return { seconds, microsecondsPerCall: Object.fromEntries(each) };
}

const FLAT_WITHIN = 0.05;

function databaseOf({ sampling, endBytes, isLong }: Observed): Figures['database'] {
  const perMinuteBytes = sampling.databaseBytes.map(({ bytes }) => bytes);
  const middleBytes = perMinuteBytes[isLong ? Math.ceil(perMinuteBytes.length / 2) - 1 : 0] ?? null;
  return {
    middleBytes,
    endBytes,
    flat: isLong ? isFlat(perMinuteBytes, FLAT_WITHIN) : null,
    perMinuteBytes: isLong ? perMinuteBytes : [],
  };
}
