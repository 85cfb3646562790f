import { profileText } from '../pipeline/profile-files.js';
import { canPin } from '../rig/pinning.js';
import { runBench } from '../rig/runner.js';
import { machineFacts, versionFacts } from '../story/report.js';
import type { ColdFigures } from './cold.js';
import { barsOf, tableText, type SystemFigures } from './figures.js';
import { readOptions, USAGE } from './options.js';
import { runHits } from './run.js';

function memoryText(systems: readonly SystemFigures[]): string {
  const each = systems.map(
    ({ name, bytesPerEntry }) =>
      `${name} ${bytesPerEntry === null ? 'not looked at' : `${(bytesPerEntry / 1000).toFixed(1)} kB`}`,
  );
  return `memory for an entry of 3.5 kB (the two node servers have all before they start): ${each.join(', ')}\n`;
}

function coldText(cold: ColdFigures): string {
  const { throughStore, bytesPerEntry, countedBytesPerEntry } = cold;
  const kB = (value: number | null): string => (value === null ? 'not looked at' : `${(value / 1000).toFixed(1)} kB`);
  return [
    `cold start with ${cold.entries} entries of 1 kB in PostgreSQL: first hit after ${Math.round(cold.firstHitMs)} ms;`,
    `  through the store ${Math.round(throughStore.perSecond)}/s, p50 ${throughStore.p50Ms.toFixed(2)} ms, p99 ${throughStore.p99Ms.toFixed(2)} ms,`,
    `  ${(cold.hitShare * 100).toFixed(2)} % hits, ${cold.upstreamCalls} calls at the upstream; then in memory ${kB(bytesPerEntry)} an entry, of which ${kB(countedBytesPerEntry)} are counted`,
    '',
  ].join('\n');
}

await runBench({
  name: 'hits',
  usage: USAGE,
  read: readOptions,
  measure: async (options, own) => {
    const machine = machineFacts();
    const isPinned = canPin();
    if (!isPinned) own.progress.warn('one processor, or no taskset: server and load generator share what there is');
    const { systems, missing, cold, busyShare, spans, penstockRequests, versions } = await runHits(options, own);
    const bars = barsOf(systems);
    const text = [
      tableText(systems),
      ...missing.map(({ name, reason }) => `${name}: not available (${reason})\n`),
      memoryText(systems),
      coldText(cold),
      `machine ${busyShare === null ? 'not looked at' : `${Math.round(busyShare * 100)} % busy`} (two processors are what a run needs)\n`,
      ...bars.map(({ text: bar, met }) => `${met ? 'met   ' : 'missed'} ${bar}\n`),
      options.profileDir === undefined ? '' : profileText(options.profileDir, spans, penstockRequests),
    ].join('');
    const pass = bars.every(({ met }) => met);
    const facts = versionFacts({
      ...versions,
      ...Object.fromEntries(systems.map(({ name, version }) => [name === 'penstock' ? 'node' : name, version])),
    });
    const document = {
      bench: 'hits',
      ...{ pass, machine, isPinned, versions: facts, options, systems, missing, cold, busyShare, bars },
    };
    return { text, document, pass };
  },
});
