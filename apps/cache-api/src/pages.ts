import { ProblemException } from './problem.filter.js';

/** How the control plane answers lists. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Cursor of the next page; null at the end. */
  readonly next: string | null;
}

const DEFAULT_LIMIT = 100;
const MOST = 1_000;

/** @throws ProblemException */
export function limitOf(limit: string | undefined): number {
  if (limit === undefined) return DEFAULT_LIMIT;
  const wanted = Number(limit);
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= MOST) return wanted;
  throw new ProblemException({
    code: 'invalid_input',
    detail: `limit: expected a number from 1 to ${MOST}, found ${JSON.stringify(limit)}`,
  });
}

/** A cursor is the key of the last item of the page before. */
export function decodeCursor(cursor: string | undefined): string {
  return cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
}

export function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

export function pageOf<Item>(
  items: readonly Item[],
  { limit, cursor, keyOf }: { limit: string | undefined; cursor: string | undefined; keyOf: (item: Item) => string },
): Page<Item> {
  const most = limitOf(limit);
  const after = decodeCursor(cursor);
  const rest = items.filter((item) => keyOf(item) > after).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = rest.slice(0, most);
  const last = page.at(-1);
  return { items: page, next: rest.length > most && last !== undefined ? encodeCursor(keyOf(last)) : null };
}
