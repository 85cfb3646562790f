import { parseArgs } from 'node:util';
import type { StoryName } from './stories.js';

export const KILLABLE = ['cache-api', 'scheduler', 'refresher', 'dispatcher'] as const;
export type Killable = (typeof KILLABLE)[number];

export interface Options {
  only: StoryName | undefined;
  seconds: number | undefined;
  /** The long run of story A: database size each minute. */
  minutes: number | undefined;
  baseline: boolean;
  json: { kind: 'none' } | { kind: 'stdout' } | { kind: 'file'; path: string };
  seed: number;
  kill: Killable | undefined;
}

export const USAGE = `npm run story -- [options]
  --only A|B       one of the two stories (default: both)
  --seconds <n>    measured time (default: A 60, B 240)
  --minutes <n>    long run of A: database size each minute, flat in the second half or not
  --kill <name>    A only: kill -9 of ${KILLABLE.join(', ')} in the middle of the run
  --no-baseline    Penstock alone
  --json [file]    all figures as one JSON document, to the file or to stdout
  --seed <n>       of the users and of the demo upstream (default 1)
`;

export class WrongUsage extends Error {}

export function readOptions(args: readonly string[]): Options {
  const values = parsed(withJsonTarget(args));
  const kill = oneOf('--kill', KILLABLE, values.kill);
  const minutes = numberOf('--minutes', values.minutes);
  const only = oneOf('--only', ['A', 'B'] as const, values.only) ?? (kill || minutes ? 'A' : undefined);
  if (only === 'B' && (kill || minutes))
    throw new WrongUsage('--kill and --minutes belong to story A: leave --only B away');
  return {
    only,
    minutes,
    kill,
    seconds: minutes === undefined ? numberOf('--seconds', values.seconds) : minutes * 60,
    baseline: !values['no-baseline'] && !kill,
    json: jsonTarget(values.json),
    seed: numberOf('--seed', values.seed) ?? 1,
  };
}

/** parseArgs knows no optional values: a bare `--json` becomes `--json=-`. */
function withJsonTarget(args: readonly string[]): string[] {
  return args.map((arg, i) => {
    const next = args[i + 1];
    return arg === '--json' && (next === undefined || next.startsWith('--')) ? '--json=-' : arg;
  });
}

function parsed(args: string[]) {
  const text = { type: 'string' } as const;
  const options = {
    only: text,
    seconds: text,
    minutes: text,
    kill: text,
    json: text,
    seed: text,
    'no-baseline': { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error));
  }
}

function jsonTarget(value: string | undefined): Options['json'] {
  if (value === undefined) return { kind: 'none' };
  return value === '-' ? { kind: 'stdout' } : { kind: 'file', path: value };
}

function oneOf<T extends string>(option: string, allowed: readonly T[], value: string | undefined): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new WrongUsage(`${option}: expected one of ${allowed.join(', ')}, found "${value}"`);
  return found;
}

function numberOf(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^[1-9]\d{0,6}$/.test(value)) return Number(value);
  throw new WrongUsage(`${option}: expected a whole number above 0, found "${value}"`);
}
