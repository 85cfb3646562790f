import type { Measured } from '../rig/wrk.js';
import { quantile } from '../story/percentiles.js';
import { SIZES, type Size, type SystemName } from './options.js';

/** One round of one system. */
export interface Round {
  perSecond: number;
  failed: number;
  requests: number;
  /** Of the server, children included; null where that cannot be seen. */
  cpuSeconds: number | null;
}

export interface Half {
  wantedPerSecond: number;
  measured: Measured;
}

export interface SizeFigures {
  bytes: Size;
  rounds: Round[];
  /** Of the median round. */
  perSecond: number;
  failed: number;
  cpuMicros: number | null;
  half: Half | null;
}

export interface SystemFigures {
  name: SystemName;
  version: string;
  /** What it took more after it had been asked for all keys of 3.5 kB, for each. */
  bytesPerEntry: number | null;
  sizes: SizeFigures[];
}

export function sizeFigures(bytes: Size, rounds: Round[], half: Half | null): SizeFigures {
  const rates = Float64Array.from(rounds, ({ perSecond }) => perSecond).sort();
  const seen = rounds.flatMap(({ cpuSeconds, requests }) => (cpuSeconds === null ? [] : [{ cpuSeconds, requests }]));
  const requests = seen.reduce((sum, round) => sum + round.requests, 0);
  const seconds = seen.reduce((sum, round) => sum + round.cpuSeconds, 0);
  return {
    bytes,
    rounds,
    perSecond: quantile(rates, 0.5) ?? 0,
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    cpuMicros: requests === 0 ? null : (seconds * 1e6) / requests,
    half,
  };
}

const BARE_SHARE = 0.9;
const JUDGED_BYTES = 3500;

export interface Bar {
  text: string;
  met: boolean;
}

export function barsOf(systems: readonly SystemFigures[]): Bar[] {
  const ratio = ratioOf(systems, 'penstock', JUDGED_BYTES);
  const failed = systems.flatMap(({ sizes }) => sizes).reduce((sum, size) => sum + size.failed, 0);
  return [
    {
      text: `at least ${BARE_SHARE} of bare node:http at 3.5 kB (${ratio === null ? 'not measured' : ratio.toFixed(2)})`,
      met: ratio !== null && ratio >= BARE_SHARE,
    },
    { text: `every request answered with 200 (${failed} were not)`, met: failed === 0 },
  ];
}

/** Requests/s as a share of those of bare node:http in the same run. */
export function ratioOf(systems: readonly SystemFigures[], name: SystemName, bytes: number): number | null {
  const rate = (of: SystemName): number | undefined =>
    systems.find((system) => system.name === of)?.sizes.find((size) => size.bytes === bytes)?.perSecond;
  const [own, bare] = [rate(name), rate('bare')];
  return own === undefined || bare === undefined || bare === 0 ? null : own / bare;
}

export function tableText(systems: readonly SystemFigures[]): string {
  return SIZES.map((bytes) => {
    const lines = systems.map((system) => rowText(systems, system, bytes));
    return `${(bytes / 1000).toFixed(1)} kB        requests/s  of bare  CPU µs   at half load: p50      p90      p99    p99.9\n${lines.join('\n')}\n`;
  }).join('\n');
}

function rowText(systems: readonly SystemFigures[], { name, sizes }: SystemFigures, bytes: number): string {
  const size = sizes.find((one) => one.bytes === bytes);
  if (size === undefined) return `  ${name}`;
  const ms = (value: number): string => `${value.toFixed(2)}`.padStart(9);
  const at = size.half?.measured;
  const half = at === undefined ? '' : [at.p50Ms, at.p90Ms, at.p99Ms, at.p999Ms].map(ms).join('');
  const ratio = ratioOf(systems, name, bytes);
  return [
    `  ${name.padEnd(10)}`,
    String(Math.round(size.perSecond)).padStart(11),
    (ratio === null ? '-' : ratio.toFixed(2)).padStart(9),
    (size.cpuMicros === null ? '-' : size.cpuMicros.toFixed(1)).padStart(8),
    ' '.repeat(13),
    half,
    size.failed === 0 ? '' : `  ${size.failed} failed`,
  ].join('');
}
