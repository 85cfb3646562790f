import { readArgs, runBench, textOf, wholeOf } from '../rig/runner.js';
import { openServers } from '../rig/servers.js';
import { machineFacts, versionFacts } from '../story/report.js';
import { indexBars, indexText, measureIndex } from './index-rows.js';
import { measureScheduler, schedulerBars, schedulerText } from './scheduler.js';

const USAGE = `npm run bench -- planning [options]
  --resources <n>  of one scheduler (default 1000000)
  --few <n>        to compare with (default 6000)
  --index          only the index in memory, without a scheduler and servers
  --json [file]    all figures as one JSON document, to the file or to stdout
`;

await runBench({
  name: 'planning',
  usage: USAGE,
  read: (args) => {
    const given = readArgs(args, ['resources', 'few'], ['index']);
    return {
      resources: wholeOf(given, 'resources', 1_000_000),
      few: wholeOf(given, 'few', 6_000),
      isIndexOnly: given['index'] === true,
      json: textOf(given, 'json'),
    };
  },
  measure: async ({ resources, few, isIndexOnly }, own) => {
    const machine = machineFacts();
    own.progress.step(`the index alone on ${resources} resources`);
    const index = measureIndex(resources);
    if (isIndexOnly) {
      const bars = indexBars(index);
      const pass = bars.every(({ met }) => met);
      const versions = versionFacts({});
      return { text: indexText(index), document: { bench: 'planning', pass, machine, versions, index, bars }, pass };
    }
    const servers = await openServers({ ...own, redis: false });
    try {
      const small = await measureScheduler(few, { servers, own });
      const large = await measureScheduler(resources, { servers, own });
      const bars = [...indexBars(index), ...schedulerBars(large, small)];
      const pass = bars.every(({ met }) => met);
      const text = [
        indexText(index),
        schedulerText([small, large]),
        ...bars.map(({ text: bar, met }) => `${met ? 'met   ' : 'missed'} ${bar}\n`),
      ].join('');
      const versions = versionFacts(servers.versions);
      return {
        text,
        document: { bench: 'planning', pass, machine, versions, index, rows: [small, large], bars },
        pass,
      };
    } finally {
      await servers.stop();
    }
  },
});
