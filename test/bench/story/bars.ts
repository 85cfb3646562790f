import type { Figures } from './figures.js';
import { sum } from './percentiles.js';
import { wrongPosts } from './post-verdicts.js';
import type { Story } from './stories.js';

export interface Bar {
  name: string;
  expected: string;
  found: string;
  met: boolean;
}

/** What Penstock must show in this run. A run with a kill has bars of its own: its rates are a kill's. */
export function barsOf(story: Story, figures: Figures): Bar[] {
  return [...ownBars(story, figures), postBar(figures), ...flatBar(figures)];
}

function ownBars(story: Story, figures: Figures): Bar[] {
  if (figures.kill !== null) return killBars(story, figures);
  return [...(story.name === 'A' ? freshnessBars(figures) : pauseBars(figures)), answeredBar(figures)];
}

/** Cold reads in a long pause are told to come back: less than one read in a hundred. */
function answeredBar({ answeredRatio }: Figures): Bar {
  return atLeast('reads answered, of 100', 99, answeredRatio * 100);
}

function freshnessBars({ ageMs, callsPer30s, neverFetched }: Figures): Bar[] {
  return [
    atMost('age p95 over all resources, s', 10.5, neverFetched > 0 ? Infinity : ageMs.p95 / 1000),
    atLeast('calls in the poorest 30 s', 19_500, callsPer30s?.least ?? 0),
  ];
}

function pauseBars({ pauses, violations, latencyMs, accepted, manners }: Figures): Bar[] {
  return [
    atLeast("pauses of the judge's own accord", 6, pauses.ownAccord),
    atMost('violations', 0, violations),
    below('user hits p99, ms', 20, latencyMs.hits.p99 ?? Infinity),
    atLeast('accepted/s outside pauses and the 10 s after', 85, accepted.perSecondOutsidePauses ?? 0),
    atMost('uncached calls in a pause neither served after it nor told at once', 0, sum(Object.values(manners.wrong))),
  ];
}

function killBars({ maxAgeMs }: Story, { kill }: Figures): Bar[] {
  return [
    atMost(
      'all resources fetched after the kill, s',
      (2 * maxAgeMs) / 1000,
      (kill?.allFetchedAfterMs ?? Infinity) / 1000,
    ),
  ];
}

function postBar({ posts }: Figures): Bar {
  return atMost('POSTs lost, duplicated, or told wrong', 0, wrongPosts(posts));
}

function flatBar({ database: { flat } }: Figures): Bar[] {
  if (flat === null) return [];
  return [
    {
      name: 'database size in the second half',
      expected: 'flat within 5 %',
      found: flat ? 'flat' : 'not flat',
      met: flat,
    },
  ];
}

const rounded = (value: number): string => (Number.isFinite(value) ? String(Math.round(value * 100) / 100) : 'none');

function atMost(name: string, bound: number, found: number): Bar {
  return { name, expected: `<= ${bound}`, found: rounded(found), met: found <= bound };
}

function below(name: string, bound: number, found: number): Bar {
  return { name, expected: `< ${bound}`, found: rounded(found), met: found < bound };
}

function atLeast(name: string, bound: number, found: number): Bar {
  return { name, expected: `>= ${bound}`, found: rounded(found), met: found >= bound };
}
