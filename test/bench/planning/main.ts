import { readArgs, runBench, textOf, wholeOf } from '../rig/runner.js';
import { openServers } from '../rig/servers.js';
import { machineFacts, versionFacts } from '../story/report.js';
import { measureScheduler, schedulerBars, schedulerText } from './scheduler.js';

const USAGE = `npm run bench -- planning [options]
  --resources <n>  of one scheduler (default 1000000)
  --few <n>        to compare with (default 6000)
  --json [file]    all figures as one JSON document, to the file or to stdout
`;

await runBench({
  name: 'planning',
  usage: USAGE,
  read: (args) => {
    const given = readArgs(args, ['resources', 'few']);
    return {
      resources: wholeOf(given, 'resources', 1_000_000),
      few: wholeOf(given, 'few', 6_000),
      json: textOf(given, 'json'),
    };
  },
  measure: async ({ resources, few }, own) => {
    const machine = machineFacts();
    const servers = await openServers({ ...own, redis: false });
    try {
      const small = await measureScheduler(few, { servers, own });
      const large = await measureScheduler(resources, { servers, own });
      const bars = schedulerBars(large, small);
      const pass = bars.every(({ met }) => met);
      const text = [
        schedulerText([small, large]),
        ...bars.map(({ text: bar, met }) => `${met ? 'met   ' : 'missed'} ${bar}\n`),
      ].join('');
      const versions = versionFacts(servers.versions);
      return { text, document: { bench: 'planning', pass, machine, versions, rows: [small, large], bars }, pass };
    } finally {
      await servers.stop();
    }
  },
});
