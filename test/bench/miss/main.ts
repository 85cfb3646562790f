import { profileText } from '../pipeline/profile-files.js';
import { runBench } from '../rig/runner.js';
import { machineFacts, versionFacts } from '../story/report.js';
import { herdBar, missBars, type Herd } from './measures.js';
import { readOptions, USAGE } from './options.js';
import { runMiss, SYSTEMS, type RatePart } from './run.js';

function partText({ perSecond, added, busyShare }: RatePart): string {
  const ms = (value: number): string => `${value.toFixed(2)} ms`.padStart(9);
  const busy = busyShare === null ? 'not looked at' : `${Math.round(busyShare * 100)} % busy`;
  const ratio = (of: 'p50Ms' | 'p99Ms'): string => (added.penstock[of] / added.chain[of]).toFixed(2);
  return [
    `${perSecond} misses/s, added to the upstream's own time (machine ${busy})`,
    ...SYSTEMS.map((system) => {
      const { calls, failed, p50Ms, p99Ms, maxMs } = added[system];
      return `  ${system.padEnd(9)} p50 ${ms(p50Ms)}  p99 ${ms(p99Ms)}  max ${ms(maxMs)}  of ${calls} (${failed} failed)`;
    }),
    `  penstock / chain: p50 ${ratio('p50Ms')}, p99 ${ratio('p99Ms')}`,
    '',
  ].join('\n');
}

function herdText(herds: readonly Herd[]): string {
  const each = herds.map(({ allMs, upstreamCalls }) => `${allMs.toFixed(0)} ms (${upstreamCalls})`).join(', ');
  return `herds, until all were answered (calls at the upstream): ${each}\n`;
}

function cpuText(cpuMicros: Record<string, number>): string {
  const used = Object.entries(cpuMicros).filter(([, micros]) => micros >= 1);
  const total = used.reduce((sum, [, micros]) => sum + micros, 0);
  return `CPU ${Math.round(total)} µs a miss: ${used.map(([name, micros]) => `${name} ${Math.round(micros)}`).join(', ')}\n`;
}

await runBench({
  name: 'miss',
  usage: USAGE,
  read: readOptions,
  measure: async (options, own) => {
    const machine = machineFacts();
    const run = await runMiss(options, own);
    const bars = [
      ...run.parts.flatMap(({ perSecond, added, upstreamCalls }) =>
        missBars(perSecond, added.penstock, added.chain, upstreamCalls),
      ),
      herdBar(options.clients, run.herds),
    ];
    const pass = bars.every(({ met }) => met);
    const text = [
      ...run.parts.map(partText),
      cpuText(run.cpuMicros),
      herdText(run.herds),
      ...bars.map(({ text: bar, met }) => `${met ? 'met   ' : 'missed'} ${bar}\n`),
      options.profileDir === undefined ? '' : profileText(options.profileDir, run.spans, run.misses),
    ].join('');
    const { parts, herds, cpuMicros } = run;
    const versions = versionFacts(run.versions);
    return {
      text,
      document: { bench: 'miss', pass, machine, versions, options, parts, cpuMicros, herds, bars },
      pass,
    };
  },
});
