import { runBench } from '../rig/runner.js';
import { machineFacts, versionFacts } from '../story/report.js';
import { barsOf } from './bars.js';
import { readOptions, USAGE } from './options.js';
import { runFreshness } from './run.js';
import { tableOf } from './table.js';

await runBench({
  name: 'freshness',
  usage: USAGE,
  read: readOptions,
  measure: async (options, own) => {
    const machine = machineFacts();
    const run = await runFreshness(options, own);
    const cells = run.cells.map((outcome) => ({ ...outcome, bars: barsOf(outcome) }));
    const pass = cells.every(({ bars }) => bars.every(({ met }) => met));
    const document = { bench: 'freshness', pass, machine, versions: versionFacts(run.versions), options, cells };
    return { text: tableOf(run.cells), document, pass };
  },
});
