import { runBench } from '../rig/runner.js';
import { machineFacts, versionFacts } from '../story/report.js';
import { barsOf } from './bars.js';
import { boardOf } from './board.js';
import { readOptions, USAGE } from './options.js';
import { runThrottle } from './run.js';

await runBench({
  name: 'throttle',
  usage: USAGE,
  read: readOptions,
  measure: async (options, own) => {
    const machine = machineFacts();
    const { heats, versions } = await runThrottle(options, own);
    const pass = heats.every((heat) => barsOf(heat).every(({ met }) => met));
    const rows = heats.map((outcome) => ({
      row: outcome.heat.row.name,
      title: outcome.heat.row.title,
      mode: outcome.heat.mode,
      measuredMs: outcome.heat.measuredMs,
      busyShare: outcome.busyShare,
      systems: Object.fromEntries(outcome.cells.map(({ cell, outcome: one }) => [cell.system, one])),
      bars: barsOf(outcome),
    }));
    const document = {
      bench: 'throttle',
      pass,
      machine,
      versions: versionFacts(versions),
      seed: options.seed,
      quick: options.quick,
      rows,
    };
    return { text: boardOf(heats), document, pass };
  },
});
