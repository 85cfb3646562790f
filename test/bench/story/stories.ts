export type StoryName = 'A' | 'B';

export interface Throttle {
  afterMs: number;
  retryAfterMs: number;
  form: 'seconds' | 'date';
}

/** One of the two stories: what the vendor allows, what is wanted of Penstock, and when the vendor throttles by itself. */
export interface Story {
  name: StoryName;
  title: string;
  items: number;
  maxAgeMs: number;
  limitPerSecond: number;
  concurrency: number;
  measuredSeconds: number;
  throttles: Throttle[];
}

export const ITEMS = 6_000;
/** Simulated users, open loop. */
export const USERS = { hotPerSecond: 200, coldPerSecond: 2, writesPerSecond: 1, zipfExponent: 1 } as const;

const DEFAULT_SECONDS: Record<StoryName, number> = { A: 60, B: 240 };

export function storyOf(name: StoryName, seconds: number = DEFAULT_SECONDS[name]): Story {
  const alike = { name, items: ITEMS, measuredSeconds: seconds };
  if (name === 'A') {
    const title = '6,000 resources every 9 s, 700 calls/s allowed';
    return { ...alike, title, maxAgeMs: 9_000, limitPerSecond: 700, concurrency: 256, throttles: [] };
  }
  const title = '6,000 resources every 30 s, 100 calls/s allowed, and the vendor throttles by itself';
  const throttles = spread(seconds);
  return { ...alike, title, maxAgeMs: 30_000, limitPerSecond: 100, concurrency: 64, throttles };
}

/** 2 to 20 s; every second one is told as a date. */
const WAITS_SECONDS = [2, 5, 12, 8, 3, 20] as const;
/** Of each pause: the climb after it, and what rounding and the first answer take. */
const CLIMB_MS = 10_000;
const SLACK_MS = 2_000;
const LEAST_GAP_MS = 5_000;

/** As many pauses as fit, with even gaps of quiet time before, between and after them. */
export function spread(seconds: number): Throttle[] {
  for (let count = WAITS_SECONDS.length; count > 0; count -= 1) {
    const waits = WAITS_SECONDS.slice(0, count).map((wait) => wait * 1000);
    const busyMs = waits.reduce((sum, wait) => sum + wait + CLIMB_MS + SLACK_MS, 0);
    const gapMs = (seconds * 1000 - busyMs) / (count + 1);
    if (gapMs >= LEAST_GAP_MS) return placed(waits, gapMs);
  }
  return [];
}

function placed(waits: readonly number[], gapMs: number): Throttle[] {
  let atMs = 0;
  return waits.map((retryAfterMs, i) => {
    const afterMs = Math.round(atMs + gapMs);
    atMs = afterMs + retryAfterMs + CLIMB_MS + SLACK_MS;
    return { afterMs, retryAfterMs, form: i % 2 === 0 ? 'seconds' : 'date' };
  });
}

/** What the demo upstream is told in DEMO_PROFILE. Its throttles come with the measured time, see `Judge.throttleBySchedule`. */
export function demoProfile(story: Story, seed: number): object {
  return {
    seed,
    items: story.items,
    latency: { p50Ms: 60, p99Ms: 400 },
    limits: { windows: [{ limit: story.limitPerSecond, perMs: 1000, kind: 'sliding' }] },
  };
}

export function penstockConfig(story: Story): string {
  return [
    'upstreams:',
    '  demo:',
    "    baseUrl: 'http://127.0.0.1:${PENSTOCK_DEMO_PORT}'",
    '    limits:',
    `      windows: [{ limit: ${story.limitPerSecond}, per: 1s }]`,
    `      concurrency: ${story.concurrency}`,
    // Cold reads are never asked for again: short enough that a long run shows whether what is past its use is collected.
    '    cache: { grace: 3m, keep: 1m }',
    '    refresh:',
    `      maxAge: ${story.maxAgeMs / 1000}s`,
    `      resources: ['/items/{1..${story.items}}']`,
    '',
  ].join('\n');
}
