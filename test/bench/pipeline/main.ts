import { runBench } from '../rig/runner.js';
import { machineFacts, versionFacts } from '../story/report.js';
import { readOptions, USAGE } from './options.js';
import { profileText } from './profile-files.js';
import { barsOf, summaryOf, type Summary } from './rounds.js';
import { runPipeline } from './run.js';

function textFor(name: string, { perSecond, elapsedMs, rounds, cpuMicros }: Summary): string {
  const cpu = Object.entries(cpuMicros).filter(([, micros]) => micros >= 1);
  const total = cpu.reduce((sum, [, micros]) => sum + micros, 0);
  return [
    `${name}: ${Math.round(perSecond)} refreshes/s (${(elapsedMs / 1000).toFixed(2)} s), rounds ${rounds.map(Math.round).join(' ')}`,
    `  CPU ${Math.round(total)} µs a refresh: ${cpu.map(([program, micros]) => `${program} ${Math.round(micros)}`).join(', ')}`,
    '',
  ].join('\n');
}

await runBench({
  name: 'pipeline',
  usage: USAGE,
  read: readOptions,
  measure: async (options, own) => {
    const machine = machineFacts();
    const run = await runPipeline(options, own);
    const penstock = summaryOf(run.penstock);
    const chain = run.chain.kind === 'measured' ? summaryOf(run.chain.rounds) : undefined;
    const bars = barsOf(penstock, chain);
    const ratio = chain === undefined ? null : penstock.perSecond / chain.perSecond;
    const text = [
      textFor('Penstock', penstock),
      chain === undefined
        ? `BullMQ chain: not available (${run.chain.kind === 'measured' ? '' : run.chain.reason})\n`
        : textFor('BullMQ + axios + PostgreSQL', chain),
      ratio === null ? '' : `ratio ${ratio.toFixed(2)}\n`,
      ...bars.map(({ text: bar, met }) => `${met ? 'met   ' : 'missed'} ${bar}\n`),
      options.profileDir === undefined
        ? ''
        : profileText(options.profileDir, run.spans, options.refreshes * options.rounds),
    ].join('');
    // The first bar may be missed where the second is met and the profile is told.
    const pass = bars.slice(1).every(({ met }) => met);
    const versions = versionFacts(run.versions);
    const document = {
      bench: 'pipeline',
      pass,
      machine,
      versions,
      options,
      penstock,
      chain: chain ?? run.chain,
      ratio,
      bars,
    };
    return { text, document, pass };
  },
});
