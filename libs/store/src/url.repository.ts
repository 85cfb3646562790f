import type { MarkedUrl } from './stale-mark.writer.js';
import type { Store } from './store.js';

/** Several URLs of an upstream: those whose path begins so, or that bear this tag. */
export type UrlSelection =
  { readonly kind: 'prefix'; readonly prefix: string } | { readonly kind: 'tag'; readonly tag: string };

/** Which URLs of an upstream are stored (in any partition) or registered. Open to every app. */
export interface UrlRepository {
  /** In pages. A URL that is both stored and registered may come twice. */
  pagesOfUrls(upstream: string, selection: UrlSelection): AsyncIterable<readonly MarkedUrl[]>;
}

const PAGE = 5_000;
/** No path has this character: all that begins with a prefix sorts before the prefix with it. */
const LAST_CHARACTER = '\u{10FFFF}';

/** As the index has it. What is ordered by beginnings, and then whole, is ordered. */
const headOf = (path: string): string => `left(${path}, 500) collate "C"`;
export const HEAD = headOf('path');
export const WHOLE = 'path collate "C"';

const pageOf = (table: 'entry' | 'resource', condition: string): string =>
  `select distinct on (${HEAD}, ${WHOLE}) path, url_hash as "urlHash" from ${table}
    where ${WHOLE} >= $2 and ${condition}
    order by ${HEAD}, ${WHOLE} limit $3`;
/** From the path in $2 on, of the upstream in $1. */
const ON = `upstream = $1 and ${HEAD} >= ${headOf('$2::text')}`;
/** Of the parameters that `selectedBy` gives. */
export const within = (prefix: string, end: string): string =>
  `${ON} and ${HEAD} >= ${headOf(`${prefix}::text`)} and ${HEAD} < ${end} and starts_with(path, ${prefix})`;
/**
 * That there are tags is what the partial index wants to hear. The upstream is asked for in a way that no index knows: else it might be
 * walked through by its paths, all of it, for a few tags.
 */
export const tagged = (tag: string): string => `tags @> array[${tag}::text] and tags <> '{}' and upstream || '' = $1`;

const STATEMENTS = {
  prefix: [
    { name: 'entry-urls-by-prefix', text: pageOf('entry', within('$4', '$5')) },
    { name: 'resource-urls-by-prefix', text: pageOf('resource', within('$4', '$5')) },
  ],
  tag: [
    { name: 'entry-urls-by-tag', text: pageOf('entry', tagged('$4')) },
    { name: 'resource-urls-by-tag', text: pageOf('resource', tagged('$4')) },
  ],
} as const;

export function createUrlRepository(store: Store): UrlRepository {
  return {
    async *pagesOfUrls(upstream, selection) {
      const wanted = selectedBy(selection);
      for (const statement of STATEMENTS[selection.kind]) {
        // A page begins with the last of the one before: so the first may begin with the shortest path there is, the empty one.
        for (let last: string | undefined; ;) {
          const page = await store.query<MarkedUrl>(statement, [upstream, last ?? '', PAGE, ...wanted]);
          const news = page.filter(({ path }) => path !== last);
          if (news.length > 0) yield news;
          if (page.length < PAGE) break;
          last = page.at(-1)?.path;
        }
      }
    },
  };
}

/** What the statements of a selection want to know of it. */
export function selectedBy(selection: UrlSelection): string[] {
  if (selection.kind === 'tag') return [selection.tag];
  const { prefix } = selection;
  return [prefix, prefix + LAST_CHARACTER];
}
