import { parseArgs, type ParseArgsConfig } from 'node:util';
import { parseDuration } from '#contracts';
import { UsageError } from '../usage-error.js';

/** Ask a running system, which has learned. */
export interface LearnedOrder {
  readonly kind: 'learned';
  readonly url: string;
  readonly upstream: string;
  /** Undefined: what the background may spend now. */
  readonly rates: readonly number[] | undefined;
  readonly freshness: readonly number[] | undefined;
  readonly json: boolean;
}

/** Assume, where nothing has been learned yet. */
export interface AssumedOrder {
  readonly kind: 'assumed';
  readonly file: string;
  readonly rates: readonly number[];
  readonly freshness: readonly number[];
  /** Of those that have none of their own. */
  readonly maxAgeMs: number | undefined;
  /** Between two changes, in the median, of those that say nothing of it. */
  readonly changeEveryMs: number;
  readonly spread: number;
  readonly seed: number;
  readonly demand: Demand;
  /** Undefined: `target` where anything has one. */
  readonly spend: 'target' | 'all' | undefined;
  readonly json: boolean;
}

export type PlanOrder = LearnedOrder | AssumedOrder;

const DEMANDS = ['zipf', 'equal', 'weights'] as const;
export type Demand = (typeof DEMANDS)[number];
const SPENDS = ['target', 'all'] as const;

export const PLAN_USAGE = `What will a quota give?

  penstock plan --upstream <id> [--url http://127.0.0.1:8081] [--rate 20,50,100] [--freshness 0.9,0.95] [--json]
      by what a running system has learned; its token is taken from PENSTOCK_ADMIN_TOKEN.
      Without --rate: what the background may spend now.

  penstock plan --resources <file> [--rate 20,50,100] [--freshness 0.9,0.95] [--json]
      before anything runs. The file is CSV or ndjson as for POST /v1/upstreams/<u>/resources: path, and if known maxAge (30s),
      weight (1), changesPerHour. What it does not say is assumed:
      --max-age 30s          target of those that have none of their own (none)
      --change-every 10m     a resource changes so often, in the median (10m)
      --spread 1.5           how much they differ: log-normal (1.5); 0: not at all
      --demand zipf          how often they are read: zipf (in the order of the file), equal, or weights (the column)
      --spend target         target: nothing before it is due; all (target where anything has a maxAge)
      --seed 1               which of them changes how often
`;

const OPTIONS = {
  url: { type: 'string' },
  upstream: { type: 'string' },
  resources: { type: 'string' },
  rate: { type: 'string' },
  freshness: { type: 'string' },
  'max-age': { type: 'string' },
  'change-every': { type: 'string' },
  spread: { type: 'string' },
  demand: { type: 'string' },
  spend: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

type Given = Partial<Record<Exclude<keyof typeof OPTIONS, 'json'>, string>> & { readonly json?: boolean };

const ONLY_LEARNED = ['url', 'upstream'] as const;
const ONLY_ASSUMED = ['max-age', 'change-every', 'spread', 'demand', 'spend', 'seed'] as const;

/** @throws UsageError */
export function planOrderOf(args: readonly string[]): PlanOrder {
  const given = read(args);
  if (given.resources !== undefined) {
    refuse(given, ONLY_LEARNED, 'is for a running system, and --resources for none: give one of them');
    return assumedOrder(given.resources, given);
  }
  if (given.upstream === undefined)
    throw new UsageError(`expected --upstream <id>, or --resources <file>; found neither\n\n${PLAN_USAGE}`);
  refuse(
    given,
    ONLY_ASSUMED,
    'is for --resources <file>; a running system has learned it, or has it in its configuration',
  );
  return {
    kind: 'learned',
    url: urlOf(given.url ?? 'http://127.0.0.1:8081'),
    upstream: given.upstream,
    rates: given.rate === undefined ? undefined : ratesOf(given.rate),
    freshness: given.freshness === undefined ? undefined : freshnessOf(given.freshness),
    json: given.json ?? false,
  };
}

function assumedOrder(file: string, given: Given): AssumedOrder {
  const maxAge = given['max-age'];
  return {
    kind: 'assumed',
    file,
    rates: ratesOf(given.rate ?? '20,50,100'),
    freshness: freshnessOf(given.freshness ?? '0.9,0.95,0.99'),
    maxAgeMs: maxAge === undefined ? undefined : durationOf('max-age', maxAge),
    changeEveryMs: durationOf('change-every', given['change-every'] ?? '10m'),
    spread: numberOf('spread', given.spread ?? '1.5', (value) => value <= 5, 'a number from 0 to 5'),
    seed: numberOf('seed', given.seed ?? '1', Number.isSafeInteger, 'a whole number'),
    demand: oneOf('demand', given.demand ?? 'zipf', DEMANDS),
    spend: given.spend === undefined ? undefined : oneOf('spend', given.spend, SPENDS),
    json: given.json ?? false,
  };
}

function read(args: readonly string[]): Given {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${PLAN_USAGE}`);
  }
}

function refuse(given: Given, names: readonly (keyof Given)[], why: string): void {
  const found = names.find((name) => given[name] !== undefined);
  if (found !== undefined) throw new UsageError(`--${found}: ${why}`);
}

function urlOf(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text.replace(/\/+$/, '');
  throw new UsageError(
    `--url: expected the control plane such as http://127.0.0.1:8081, found ${JSON.stringify(text)}`,
  );
}

function durationOf(name: string, text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined && durationMs > 0) return durationMs;
  throw new UsageError(`--${name}: expected a duration such as 30s, 10m or 1h, found ${JSON.stringify(text)}`);
}

function ratesOf(text: string): number[] {
  return numbersOf(text, '--rate: expected calls per second above 0 such as 20,50,100', (value) => value > 0);
}

function freshnessOf(text: string): number[] {
  return numbersOf(
    text,
    '--freshness: expected shares between 0 and 1 such as 0.9,0.95',
    (value) => value > 0 && value < 1,
  );
}

function numbersOf(text: string, expected: string, isFit: (value: number) => boolean): number[] {
  const numbers = text.split(',').map((part) => (isNumber(part.trim()) ? Number(part) : Number.NaN));
  if (numbers.every((value) => isFit(value))) return numbers;
  throw new UsageError(`${expected}, found ${JSON.stringify(text)}`);
}

function numberOf(name: string, text: string, isFit: (value: number) => boolean, expected: string): number {
  const value = isNumber(text) ? Number(text) : Number.NaN;
  if (isFit(value)) return value;
  throw new UsageError(`--${name}: expected ${expected}, found ${JSON.stringify(text)}`);
}

function isNumber(text: string): boolean {
  return /^\d*\.?\d+$/.test(text);
}

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name}: expected ${known.join(', ')}; found ${JSON.stringify(text)}`);
}
