import { runBench } from '../rig/runner.js';
import { machineFacts, versionFacts } from '../story/report.js';
import { readOptions, USAGE } from './options.js';
import { runStreams, WATCHED, type Pass } from './run.js';

const MOST_GROWTH_MIB = 64;

function growthOf({ curve }: Pass, name: (typeof WATCHED)[number]): number {
  const [first, ...later] = curve.map(({ residentMib }) => residentMib[name]);
  return Math.max(0, ...later.map((mib) => mib - (first ?? 0)));
}

function passText(pass: Pass, mib: number): string {
  const { direction, framing, exact, seconds, curve } = pass;
  const row = (name: string, values: readonly number[]): string =>
    `  ${name.padEnd(12)}${values.map((value) => String(value).padStart(6)).join('')}`;
  return [
    `${mib} MiB ${direction} (${framing}): ${seconds.toFixed(1)} s, ${Math.round(mib / seconds)} MiB/s, ${exact ? 'byte for byte' : 'NOT the same bytes'}`,
    row(
      'at MiB',
      curve.map(({ atMib }) => atMib),
    ),
    ...WATCHED.map(
      (name) =>
        `${row(
          name,
          curve.map(({ residentMib }) => residentMib[name]),
        )}  MiB resident`,
    ),
    '',
    '',
  ].join('\n');
}

await runBench({
  name: 'streams',
  usage: USAGE,
  read: readOptions,
  measure: async (options, own) => {
    const machine = machineFacts();
    const { passes, versions } = await runStreams(options, own);
    const bars = passes.flatMap((pass) => [
      { text: `${pass.direction} (${pass.framing}): byte for byte`, met: pass.exact },
      ...(['cache-api', 'dispatcher'] as const).map((name) => ({
        text: `${pass.direction} (${pass.framing}): ${name} grew by ${growthOf(pass, name)} MiB (at most ${MOST_GROWTH_MIB})`,
        met: growthOf(pass, name) <= MOST_GROWTH_MIB,
      })),
    ]);
    const pass = bars.every(({ met }) => met);
    const text = [
      ...passes.map((one) => passText(one, options.mib)),
      ...bars.map(({ text: bar, met }) => `${met ? 'met   ' : 'missed'} ${bar}\n`),
    ].join('');
    const document = { bench: 'streams', pass, machine, versions: versionFacts(versions), options, passes, bars };
    return { text, document, pass };
  },
});
