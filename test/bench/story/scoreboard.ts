import type { Bar } from './bars.js';
import type { Figures } from './figures.js';
import type { Spread } from './percentiles.js';
import { POST_VERDICTS } from './post-verdicts.js';
import type { Story } from './stories.js';

type Row = [name: string, of: (figures: Figures) => string];

const NONE = '-';
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const fine = (value: number | null, digits = 1): string =>
  value === null || !Number.isFinite(value) ? NONE : value.toFixed(digits);
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const spread = ({ count, p50, p99 }: Spread): string => (count === 0 ? NONE : `${fine(p50)} / ${fine(p99)}`);
const edge = ({ p50, max }: Spread): string => `${fine(p50, 0)} / ${fine(max, 0)}`;
const mib = (bytes: number | null): string => (bytes === null ? NONE : `${(bytes / 1024 / 1024).toFixed(1)} MiB`);

const ROWS: Row[] = [
  ['reads answered per second', (f) => fine(f.readsPerSecond)],
  ['reads answered, of all', (f) => percent(f.answeredRatio)],
  ['hit ratio (and stale)', (f) => `${percent(f.hitRatio)} (${percent(f.staleRatio)})`],
  ['hits p50 / p99, ms', (f) => spread(f.latencyMs.hits)],
  ['stale p50 / p99, ms', (f) => spread(f.latencyMs.stale)],
  ['misses p50 / p99, ms', (f) => spread(f.latencyMs.misses)],
  ['writes p50 / p99, ms', (f) => spread(f.latencyMs.writes)],
  ['age p50 / p95, s', (f) => `${fine(f.ageMs.p50 / 1000)} / ${fine(f.ageMs.p95 / 1000)}`],
  ['age: worst p95 / max, s', (f) => `${fine(f.ageMs.worstP95 / 1000)} / ${fine(f.ageMs.max / 1000)}`],
  ['resources never fetched in warm-up', (f) => whole(f.neverFetched)],
  ['calls accepted', (f) => whole(f.calls)],
  [
    'calls per 30 s: least / mean',
    (f) => (f.callsPer30s ? `${whole(f.callsPer30s.least)} / ${whole(f.callsPer30s.mean)}` : NONE),
  ],
  ['throttles', (f) => whole(f.throttles)],
  ['stragglers', (f) => whole(f.stragglers)],
  ['violations', (f) => whole(f.violations)],
  ['quota used', (f) => percent(f.quotaUsed)],
  [
    "pauses, of the judge's own accord, s",
    (f) => `${f.pauses.count}, ${f.pauses.ownAccord}, ${fine(f.pauses.seconds)}`,
  ],
  [
    'accepted/s outside pauses + 10 s (s)',
    (f) => `${fine(f.accepted.perSecondOutsidePauses)} (${f.accepted.secondsOutsidePauses})`,
  ],
  ['most calls at once', (f) => whole(f.maxConcurrency)],
  ['5xx and no answer told to users', (f) => whole(f.serverErrors)],
  ['uncached calls in a pause', (f) => whole(f.manners.calls)],
  ['  served after it: late by p50 / max, ms', (f) => `${f.manners.served}: ${edge(f.manners.servedLateMs)}`],
  ['  told at once: overstated p50 / max, ms', (f) => `${f.manners.toldAtOnce}: ${edge(f.manners.overstatedMs)}`],
  ['  neither', (f) => whole(Object.values(f.manners.wrong).reduce((sum, count) => sum + count, 0))],
  ['POSTs sent', (f) => whole(f.posts.sent)],
  ...POST_VERDICTS.map((verdict): Row => [`  ${verdict}`, (f) => whole(f.posts.verdicts[verdict])]),
  ['database middle / end', (f) => `${mib(f.database.middleBytes)} / ${mib(f.database.endBytes)}`],
  ['load: sent late p99, ms', (f) => fine(f.load.sentLateMs.p99)],
  ['load: event-loop delay p99, ms', (f) => fine(f.load.eventLoopDelayP99Ms)],
];

export interface Board {
  story: Story;
  penstock: Figures;
  baseline: Figures | null;
  bars: Bar[];
}

export function scoreboard({ story, penstock, baseline, bars }: Board): string {
  const columns = baseline === null ? [penstock] : [penstock, baseline];
  const rows = [...ROWS, ...cpuRows(columns)].map(([name, of]) => line(name, columns.map(of)));
  return [
    `Story ${story.name}: ${story.title}; ${story.measuredSeconds} s measured`,
    line('', baseline === null ? ['Penstock'] : ['Penstock', 'baseline']),
    ...rows,
    ...remarks('Penstock', penstock),
    ...(baseline === null ? [] : remarks('baseline', baseline)),
    ...killLines(penstock),
    ...minuteLines(penstock),
    ...bars.map(barLine),
    '',
  ].join('\n');
}

function line(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(42)}${cells.map((cell) => cell.padStart(20)).join('')}`.trimEnd();
}

function cpuRows(columns: readonly Figures[]): Row[] {
  const names = new Set(columns.flatMap(({ cpu }) => Object.keys(cpu.seconds)));
  return [...names].map((name) => [
    `CPU ${name}, s (µs a call)`,
    ({ cpu }) =>
      cpu.seconds[name] === undefined ? NONE : `${fine(cpu.seconds[name])} (${cpu.microsecondsPerCall[name] ?? 0})`,
  ]);
}

/** A load that is late measures itself. */
const BELIEVABLE_MS = 10;

function remarks(who: string, { errors, manners, posts, load }: Figures): string[] {
  const lateMs = load.sentLateMs.p99 ?? 0;
  const late =
    lateMs > BELIEVABLE_MS ? [`  ${who}: THE LOAD WAS LATE (p99 ${fine(lateMs)} ms): too busy a machine`] : [];
  const told = Object.entries(errors).map(([name, count]) => `  ${who}: ${count} x ${name}`);
  const wrong = Object.entries(manners.wrong).map(([why, count]) => `  ${who}: in a pause ${count} x ${why}`);
  const ids = posts.wrong.map(({ id, verdict, seen }) => `  ${who}: POST ${id} ${verdict} (seen ${seen} times)`);
  return [...late, ...told, ...wrong, ...ids];
}

function killLines({ kill }: Figures): string[] {
  if (kill === null) return [];
  const fetched =
    kill.allFetchedAfterMs === null ? 'not within the run' : `after ${fine(kill.allFetchedAfterMs / 1000)} s`;
  const ready = kill.readyAgainAfterMs === null ? 'not' : `after ${fine(kill.readyAgainAfterMs / 1000)} s`;
  return [
    `  kill -9 of ${kill.service} at ${fine(kill.killedAfterSeconds)} s: ready again ${ready}; every resource fetched ${fetched}`,
  ];
}

function minuteLines({ database: { perMinuteBytes, flat } }: Figures): string[] {
  if (flat === null) return [];
  const sizes = perMinuteBytes.map((bytes) => (bytes / 1024 / 1024).toFixed(0)).join(' ');
  return [`  database by the minute, MiB: ${sizes}`];
}

function barLine({ name, expected, found, met }: Bar): string {
  return `  ${met ? 'met   ' : 'MISSED'}  ${name}: expected ${expected}, found ${found}`;
}
