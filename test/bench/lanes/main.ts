import { runBench } from '../rig/runner.js';
import { machineFacts, versionFacts } from '../story/report.js';
import { barsOf } from './added.js';
import { readOptions, USAGE } from './options.js';
import { runLanes, type LaneOutcome } from './run.js';

function textFor(name: string, { added, backgroundPerSecond, busyShare }: LaneOutcome): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    `${name}: ${added.calls} users' calls (${added.failed} failed), background ${Math.round(backgroundPerSecond)}/s, machine ${
      busyShare === null ? 'not looked at' : `${Math.round(busyShare * 100)} % busy`
    }`,
    `  through Penstock  p50 ${ms(added.throughP50Ms)}  p99 ${ms(added.throughP99Ms)}  max ${ms(added.maxMs)}`,
    `  straight          p50 ${ms(added.directP50Ms)}  p99 ${ms(added.directP99Ms)}`,
    `  added             p50 ${ms(added.p50Ms)}  p99 ${ms(added.p99Ms)}`,
    '',
  ].join('\n');
}

await runBench({
  name: 'lanes',
  usage: USAGE,
  read: readOptions,
  measure: async (options, own) => {
    const machine = machineFacts();
    const { free, empty, versions } = await runLanes(options, own);
    // Users spend tokens too: the interval is that of all calls through the gate.
    const usersPerSecond = empty.added.calls / options.seconds;
    const bars = barsOf(free.added, empty.added, empty.backgroundPerSecond + usersPerSecond);
    const pass = bars.every(({ met }) => met);
    const text = [
      textFor('a token is free', free),
      textFor('no token is free', empty),
      ...bars.map(({ text: bar, met }) => `${met ? 'met   ' : 'missed'} ${bar}\n`),
    ].join('');
    return {
      text,
      document: { bench: 'lanes', pass, machine, versions: versionFacts(versions), options, free, empty, bars },
      pass,
    };
  },
});
