export const MAX_EXPANDED_RESOURCES = 5_000_000;
export const RESOURCE_FILE_PREFIX = 'file:';

type Choices =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'range'; readonly first: number; readonly last: number; readonly width: number };

export type PatternCheck =
  { readonly kind: 'valid'; readonly count: number } | { readonly kind: 'invalid'; readonly expected: string };

/** A pattern that `parseConfig` would have refused. */
export class ResourcePatternError extends Error {
  override readonly name = 'ResourcePatternError';
  readonly code = 'resource-pattern-invalid';
}

/** The path of the file that a resource entry names; undefined for a pattern. */
export function resourceFileOf(entry: string): string | undefined {
  return entry.startsWith(RESOURCE_FILE_PREFIX) ? entry.slice(RESOURCE_FILE_PREFIX.length) : undefined;
}

/** Counts what a pattern stands for without writing it out. */
export function checkResourcePattern(pattern: string): PatternCheck {
  // A request target (RFC 9112 section 3.2.1) is visible ASCII; the rest is percent-encoded, and a fragment is never sent.
  if (!/^\/[\x21\x22\x24-\x7e]*$/.test(pattern)) {
    return { kind: 'invalid', expected: 'a path that begins with / and holds neither space, # nor other than ASCII' };
  }
  const parts = partsOf(pattern);
  if (parts === undefined) {
    return { kind: 'invalid', expected: 'braces that hold a list {a,b} or a range {1..6000}, not nested' };
  }
  const count = parts.reduce((product, part) => product * countOf(part), 1);
  if (count > MAX_EXPANDED_RESOURCES) {
    return { kind: 'invalid', expected: `at most ${MAX_EXPANDED_RESOURCES} resources (this pattern has ${count})` };
  }
  return { kind: 'valid', count };
}

/** `/items/{1..3}/{a,b}` → `/items/1/a`, `/items/1/b`, `/items/2/a` and so on; `{01..10}` keeps its zeros. */
export function expandResourcePattern(pattern: string): Iterable<string> {
  const check = checkResourcePattern(pattern);
  if (check.kind === 'invalid') {
    throw new ResourcePatternError(`resource pattern: expected ${check.expected}; found ${JSON.stringify(pattern)}`);
  }
  const parts = partsOf(pattern) ?? [];
  return { [Symbol.iterator]: () => expand('', parts) };
}

function* expand(prefix: string, parts: readonly Choices[]): Generator<string, void, undefined> {
  const [first, ...rest] = parts;
  if (first === undefined) {
    yield prefix;
    return;
  }
  for (const text of textsOf(first)) yield* expand(prefix + text, rest);
}

function* textsOf(part: Choices): Generator<string, void, undefined> {
  if (part.kind === 'text') yield part.text;
  else if (part.kind === 'list') yield* part.items;
  else for (let n = part.first; n <= part.last; n += 1) yield String(n).padStart(part.width, '0');
}

function partsOf(pattern: string): Choices[] | undefined {
  const pieces = pattern.split(/(\{[^{}]*\})/).filter((piece) => piece !== '');
  const parts = pieces.map(choicesOf);
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

function choicesOf(piece: string): Choices | undefined {
  if (!/[{}]/.test(piece)) return { kind: 'text', text: piece };
  const [, first, last] = /^\{(\d+)\.\.(\d+)\}$/.exec(piece) ?? [];
  if (first !== undefined && last !== undefined) return rangeOf(first, last);
  const items = /^\{([^{}]*,[^{}]*)\}$/.exec(piece)?.[1]?.split(',');
  return items && { kind: 'list', items };
}

function rangeOf(first: string, last: string): Choices | undefined {
  const [from, to] = [Number(first), Number(last)];
  if (!Number.isSafeInteger(to) || from > to) return undefined;
  const padded = [first, last].some((digits) => digits.length > 1 && digits.startsWith('0'));
  return { kind: 'range', first: from, last: to, width: padded ? Math.max(first.length, last.length) : 0 };
}

function countOf(part: Choices): number {
  if (part.kind === 'text') return 1;
  return part.kind === 'list' ? part.items.length : part.last - part.first + 1;
}
