import { writeFileSync } from 'node:fs';
import { inherited } from '../../../apps/stack/src/config.js';
import { parentOf } from '../../../apps/stack/src/process-table.js';
import type { Progress } from '../../../apps/stack/src/progress.js';
import { explain } from '../../../apps/stack/src/stack-error.js';
import { barsOf } from './bars.js';
import type { LoadProcess } from './load-process.js';
import { readOptions, USAGE, WrongUsage, type Options } from './options.js';
import { documentOf, machineFacts, versionFacts } from './report.js';
import { endLoads, runBaseline, runPenstock, type RunOrder } from './run.js';
import { scoreboard, type Board } from './scoreboard.js';
import { storyOf, type StoryName } from './stories.js';

// Under 10 s, whatever hangs.
const LAST_RESORT_MS = 9_500;
const BUSY_LOAD_SHARE = 0.5;

/** On stderr: stdout is for the outcome. */
const progress: Progress = progressOnStderr();

function progressOnStderr(): Progress {
  const write = (sign: string, line: string): void => {
    process.stderr.write(`${(performance.now() / 1000).toFixed(1).padStart(6)}s ${sign} ${line}\n`);
  };
  return { step: (line) => write(' ', line), warn: (line) => write('!', line) };
}

async function tell(options: Options, over: AbortSignal, loads: Set<LoadProcess>): Promise<number> {
  const startedAt = Date.now();
  const machine = machineFacts();
  if (machine.loadAverage > machine.cores * BUSY_LOAD_SHARE)
    progress.warn(`this machine is busy (load ${machine.loadAverage}): the figures will show it`);
  const names: StoryName[] = options.only === undefined ? ['A', 'B'] : [options.only];
  const boards: Board[] = [];
  const versions: Record<string, string> = {};
  for (const name of names) {
    const outcome = await oneStory(name, options, { progress, signal: over, loads });
    boards.push(outcome.board);
    Object.assign(versions, outcome.versions);
    process[options.json.kind === 'stdout' ? 'stderr' : 'stdout'].write(`\n${scoreboard(outcome.board)}`);
  }
  writeDocument(options, documentOf({ startedAt, machine, versions: versionFacts(versions), options, boards }));
  return boards.every(({ bars }) => bars.every(({ met }) => met)) ? 0 : 1;
}

/** Penstock, then the baseline: never both at once on one machine. */
async function oneStory(
  name: StoryName,
  options: Options,
  own: Pick<RunOrder, 'progress' | 'signal' | 'loads'>,
): Promise<{ board: Board; versions: Record<string, string> }> {
  const story = storyOf(name, options.seconds);
  const order: RunOrder = {
    ...own,
    story,
    seed: options.seed,
    kill: options.kill,
    isLong: options.minutes !== undefined,
  };
  own.progress.step(`story ${name}: ${story.title}`);
  const { figures: penstock, versions } = await runPenstock(order);
  if (options.baseline) own.progress.step(`story ${name}: the plain baseline`);
  const baseline = options.baseline ? (await runBaseline(order, penstock.warmUpSeconds)).figures : null;
  return { board: { story, penstock, baseline, bars: barsOf(story, penstock) }, versions };
}

function writeDocument({ json }: Options, document: object): void {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (json.kind === 'stdout') process.stdout.write(text);
  if (json.kind === 'file') writeFileSync(json.path, text);
}

/** Ctrl-C, SIGTERM, or the end of npm: it does not pass a SIGTERM on. */
function whenTold(stop: (why: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  if (inherited['npm_lifecycle_event'] === undefined) return;
  const parent = parentOf();
  setInterval(() => parentOf() !== parent && stop('npm has gone'), 500).unref();
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const over = new AbortController();
  const loads = new Set<LoadProcess>();
  whenTold((why) => {
    if (over.signal.aborted) return;
    progress.step(`${why}: ending everything`);
    setTimeout(() => process.exit(130), LAST_RESORT_MS).unref();
    over.abort(new Error(why));
    void endLoads(loads);
  });
  try {
    return await tell(options, over.signal, loads);
  } catch (error) {
    if (over.signal.aborted) return 130;
    throw error;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof WrongUsage;
  process.stderr.write(isUsage ? `${error.message}\n\n${USAGE}` : `\nthe story could not be told: ${explain(error)}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
