import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { parseDuration } from '#contracts';
import { systemCode } from '../stack-error.js';
import { UsageError } from '../usage-error.js';

/** One resource as a file lists it. */
export interface ListedResource {
  readonly path: string;
  readonly maxAgeMs: number | undefined;
  readonly weight: number;
  readonly changesPerHour: number | undefined;
}

const DURATION = 'expected a duration such as 30s';
const ABOVE_ZERO = 'expected a number above 0';

/** As for POST /v1/upstreams/<u>/resources; and how often it changes, for whoever knows. */
const Line = z.strictObject({
  path: z.string('expected a path').regex(/^\//, 'expected a path that begins with /'),
  maxAge: z
    .string(DURATION)
    .refine((text) => (parseDuration(text) ?? 0) > 0, DURATION)
    .optional(),
  weight: z.number(ABOVE_ZERO).positive(ABOVE_ZERO).optional(),
  changesPerHour: z.number(ABOVE_ZERO).positive(ABOVE_ZERO).optional(),
  tags: z.array(z.string()).optional(),
});

const MOST_TOLD = 5;

/** @throws UsageError with the first lines that cannot be read */
export function readResourceList(file: string): ListedResource[] {
  const text = textOf(file);
  const rows = text.trimStart().startsWith('{') ? ndjsonRows(text) : csvRows(file, text);
  const faults: string[] = [];
  const listed: ListedResource[] = [];
  for (const { line, value } of rows) {
    const read = value === undefined ? undefined : Line.safeParse(value);
    if (read?.success === true) listed.push(listedOf(read.data));
    else faults.push(`  line ${line}: ${read === undefined ? 'expected JSON' : issuesOf(read.error)}`);
  }
  if (faults.length > 0) throw unreadable(file, faults);
  if (listed.length === 0) throw new UsageError(`--resources: expected at least one resource in ${file}, found none`);
  return listed;
}

interface Row {
  readonly line: number;
  /** Undefined: no JSON. */
  readonly value: unknown;
}

function ndjsonRows(text: string): Row[] {
  const rows = text.split('\n').map((line, i) => ({ line: i + 1, text: line.trim() }));
  return rows.filter((row) => row.text !== '').map(({ line, text: json }) => ({ line, value: jsonOf(json) }));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function csvRows(file: string, text: string): Row[] {
  let rows: { record: Record<string, string>; info: { lines: number } }[];
  try {
    rows = parse(text, { columns: true, info: true, skip_empty_lines: true, trim: true, bom: true });
  } catch (error) {
    const { lines = 1 } = error as { lines?: number };
    throw unreadable(file, [`  line ${lines}: the CSV cannot be read: ${String(error)}`]);
  }
  return rows.map(({ record, info }) => ({ line: info.lines, value: typedOf(record) }));
}

const NUMBERS = new Set(['weight', 'changesPerHour']);

/** Whatever is empty is not given. */
function typedOf(record: Record<string, string>): unknown {
  const given = Object.entries(record).filter(([name, text]) => text !== '' && name !== 'tags');
  return Object.fromEntries(given.map(([name, text]) => [name, NUMBERS.has(name) ? Number(text) : text]));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--resources: expected a file that can be read, found ${systemCode(error)} at ${file}`);
  }
}

function listedOf({ path, maxAge, weight, changesPerHour }: z.infer<typeof Line>): ListedResource {
  const maxAgeMs = maxAge === undefined ? undefined : parseDuration(maxAge);
  return { path, maxAgeMs, weight: weight ?? 1, changesPerHour };
}

function issuesOf(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'line'}: ${issue.message}`).join('; ');
}

function unreadable(file: string, faults: readonly string[]): UsageError {
  const more = faults.length > MOST_TOLD ? [`  and ${faults.length - MOST_TOLD} more`] : [];
  const told = [...faults.slice(0, MOST_TOLD), ...more].join('\n');
  return new UsageError(
    `--resources: expected CSV with a header (path,maxAge,weight,changesPerHour) or ndjson; found in ${file}\n${told}`,
  );
}
