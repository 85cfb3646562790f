import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { parseDuration } from '#contracts';

/** One resource as a client registers it. */
export interface ResourceLine {
  readonly line: number;
  readonly path: string;
  readonly maxAgeMs: number | null;
  readonly weight: number;
  readonly tags: readonly string[];
}

export interface RejectedLine {
  /** From 1; with CSV the header is line 1. */
  readonly line: number;
  readonly error: string;
}

export interface ReadLines {
  readonly lines: readonly ResourceLine[];
  readonly rejected: readonly RejectedLine[];
}

const Line = z.strictObject({
  path: z.string().regex(/^\//, 'expected a path that begins with /'),
  maxAge: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) > 0, 'expected a duration such as 30s')
    .optional(),
  weight: z.number().positive('expected a number above 0').optional(),
  tags: z.array(z.string().min(1)).optional(),
});

/** Good lines are kept, bad ones told with their number. */
export function readNdjson(text: string): ReadLines {
  const rows = text.split('\n').map((line, index) => ({ line: index + 1, text: line.trim() }));
  return collect(
    rows
      .filter((row) => row.text !== '')
      .map(({ line, text: json }) => ({ line, read: () => readLine(JSON.parse(json)) })),
  );
}

/** With the names of the fields as header; tags are separated by `;`. */
export function readCsv(text: string): ReadLines {
  let rows: { record: Record<string, string>; info: { lines: number } }[];
  try {
    rows = parse(text, { columns: true, info: true, skip_empty_lines: true, trim: true, bom: true });
  } catch (error) {
    const { lines } = error as { lines?: number };
    return {
      lines: [],
      rejected: [{ line: lines ?? 1, error: `the CSV cannot be read: ${(error as Error).message}` }],
    };
  }
  return collect(rows.map(({ record, info }) => ({ line: info.lines, read: () => readLine(typed(record)) })));
}

function collect(rows: readonly { line: number; read: () => Omit<ResourceLine, 'line'> }[]): ReadLines {
  const lines: ResourceLine[] = [];
  const rejected: RejectedLine[] = [];
  for (const { line, read } of rows) {
    try {
      lines.push({ line, ...read() });
    } catch (error) {
      rejected.push({ line, error: (error as Error).message });
    }
  }
  return { lines, rejected };
}

function readLine(value: unknown): Omit<ResourceLine, 'line'> {
  const read = Line.safeParse(value);
  if (!read.success)
    throw new Error(read.error.issues.map((issue) => `${issue.path.join('.') || 'line'}: ${issue.message}`).join('; '));
  const { path, maxAge, weight, tags } = read.data;
  return {
    path,
    maxAgeMs: maxAge === undefined ? null : (parseDuration(maxAge) ?? null),
    weight: weight ?? 1,
    tags: tags ?? [],
  };
}

function typed({ weight, tags, maxAge, ...rest }: Record<string, string>): unknown {
  return {
    ...rest,
    ...(maxAge === undefined || maxAge === '' ? {} : { maxAge }),
    ...(weight === undefined || weight === '' ? {} : { weight: Number(weight) }),
    ...(tags === undefined || tags === '' ? {} : { tags: tags.split(';').map((tag) => tag.trim()) }),
  };
}
