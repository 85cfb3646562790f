import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inherited } from '../../../apps/stack/src/config.js';
import { parentOf } from '../../../apps/stack/src/process-table.js';
import type { Progress } from '../../../apps/stack/src/progress.js';
import { explain } from '../../../apps/stack/src/stack-error.js';

// Under 10 s, whatever hangs.
const LAST_RESORT_MS = 9_500;

export class WrongUsage extends Error {}

export interface Bench<T extends { json: string | undefined }> {
  name: string;
  usage: string;
  read(args: readonly string[]): T;
  /** The text for a person, the document for a program, and whether all bars were met. */
  measure(options: T, own: Surroundings): Promise<{ text: string; document: object; pass: boolean }>;
}

export interface Surroundings {
  progress: Progress;
  signal: AbortSignal;
}

/** Runs one bench to its exit code: 0 all bars met, 1 not or failed, 2 wrong usage. */
export async function runBench<T extends { json: string | undefined }>(bench: Bench<T>): Promise<void> {
  const over = new AbortController();
  const progress = progressOnStderr();
  whenTold((why) => {
    if (over.signal.aborted) return;
    progress.step(`${why}: ending everything`);
    setTimeout(() => process.exit(130), LAST_RESORT_MS).unref();
    over.abort(new Error(why));
  });
  try {
    const options = bench.read(process.argv.slice(2));
    const { text, document, pass } = await bench.measure(options, { progress, signal: over.signal });
    process[options.json === '-' ? 'stderr' : 'stdout'].write(`\n${text}`);
    writeDocument(options.json, document);
    process.exitCode = pass ? 0 : 1;
  } catch (error) {
    if (over.signal.aborted) process.exitCode = 130;
    else failed(bench, error);
  }
}

function failed({ name, usage }: { name: string; usage: string }, error: unknown): void {
  const isUsage = error instanceof WrongUsage;
  process.stderr.write(isUsage ? `${error.message}\n\n${usage}` : `\nthe bench ${name} failed: ${explain(error)}\n`);
  process.exitCode = isUsage ? 2 : 1;
}

function writeDocument(target: string | undefined, document: object): void {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (target === '-') process.stdout.write(text);
  else if (target !== undefined) writeFileSync(target, text);
}

/** On stderr: stdout is for the outcome. */
function progressOnStderr(): Progress {
  const write = (sign: string, line: string): void => {
    process.stderr.write(`${(performance.now() / 1000).toFixed(1).padStart(6)}s ${sign} ${line}\n`);
  };
  return { step: (line) => write(' ', line), warn: (line) => write('!', line) };
}

/** Ctrl-C, SIGTERM, or the end of npm: it does not pass a SIGTERM on. */
function whenTold(stop: (why: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  if (inherited['npm_lifecycle_event'] === undefined) return;
  const parent = parentOf();
  setInterval(() => parentOf() !== parent && stop('npm has gone'), 500).unref();
}

type Given = Record<string, string | boolean | undefined>;

/** `--name value` for each of `texts`, `--name` for each of `switches`, and `--json [file]`. */
export function readArgs(args: readonly string[], texts: readonly string[], switches: readonly string[] = []): Given {
  const options = Object.fromEntries([
    ...[...texts, 'json'].map((name) => [name, { type: 'string' as const }]),
    ...switches.map((name) => [name, { type: 'boolean' as const }]),
  ]);
  try {
    return parseArgs({ args: withJsonTarget(args), options }).values as Given; // no option may be given twice
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error));
  }
}

/** parseArgs knows no optional values: a bare `--json` becomes `--json=-`. */
function withJsonTarget(args: readonly string[]): string[] {
  return args.map((arg, i) => {
    const next = args[i + 1];
    return arg === '--json' && (next === undefined || next.startsWith('--')) ? '--json=-' : arg;
  });
}

export function textOf(given: Given, name: string): string | undefined {
  const value = given[name];
  return typeof value === 'string' ? value : undefined;
}

export function wholeOf(given: Given, name: string, otherwise: number): number {
  const text = textOf(given, name);
  if (text === undefined) return otherwise;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new WrongUsage(`--${name}: expected a whole number above 0, found "${text}"`);
}

/** A list with commas, all where it is not given. */
export function someOf<T extends string>(given: Given, name: string, known: readonly T[]): T[] {
  const text = textOf(given, name);
  if (text === undefined) return [...known];
  return text.split(',').map((one) => {
    const found = known.find((candidate) => candidate === one.trim());
    if (found === undefined)
      throw new WrongUsage(`--${name}: expected some of ${known.join(', ')}, found "${one.trim()}"`);
    return found;
  });
}
