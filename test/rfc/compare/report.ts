import type { RfcCase } from '../case.js';
import { NGINX_DIRECTIVES, VARNISH_PARAMETERS } from './caches.js';
import type { Verdict } from './verdicts.js';

export interface Column {
  readonly name: string;
  readonly version: string;
  /** In the order of the cases. */
  readonly verdicts: readonly Verdict[];
}

export interface Comparison {
  readonly cases: readonly RfcCase[];
  /** How many are put to Penstock alone. */
  readonly notPut: number;
  readonly columns: readonly Column[];
  readonly missing: readonly { readonly name: string; readonly missing: string }[];
}

/** As Markdown: a table of sections, then every case in which one of the caches differs from what the suite expects. */
export function reportOf({ cases, notPut, columns, missing }: Comparison): string {
  const heads = columns.map(({ name, version }) => `${name} ${version}`);
  return [
    '# Where Penstock, nginx and Varnish differ',
    '',
    'Made by `npm run compare`: the cases of `test/rfc` are put to each cache, before the same scripted upstream, over real sockets.',
    `${cases.length} cases can be compared; ${notPut} more ask for fields of our own or for what the RFCs leave open, and are put to Penstock alone.`,
    '"As said" means: as the case expects, which is one way to obey its sentence. Many sentences say SHOULD or MAY: a difference is not always a fault.',
    'Answers are made old by `Age` and `Date`, since nobody waits for them to grow old: a cache that does not count `Age` misses many cases for that one reason.',
    'A case ends at its first exchange that comes out otherwise, and that one is told.',
    '',
    `nginx runs with \`proxy_cache\` and ${NGINX_DIRECTIVES.map((one) => `\`${one}\``).join(', ')}; Varnish with its built-in VCL and ${VARNISH_PARAMETERS.map((one) => `\`${one}\``).join(', ')}; Penstock with \`cache.profile: strict\`.`,
    ...missing.map(({ name, missing: why }) => `\n${name} is left out: ${oneLine(why)}.`),
    '',
    '## Cases that come out as said',
    '',
    ...tableOf(['section', 'cases', ...heads], sectionRows(cases, columns)),
    '',
    '## Differences',
    '',
    ...tableOf(['sentence', 'case', ...heads], differenceRows(cases, columns)),
    '',
  ].join('\n');
}

function sectionRows(cases: readonly RfcCase[], columns: readonly Column[]): string[][] {
  const sections = [...new Set(cases.map(({ section }) => section))].sort(bySection);
  const rows = sections.map((section) => countRow(section, (one) => one.section === section, { cases, columns }));
  return [...rows, countRow('all', () => true, { cases, columns })];
}

function countRow(
  title: string,
  isMeant: (one: RfcCase) => boolean,
  { cases, columns }: { readonly cases: readonly RfcCase[]; readonly columns: readonly Column[] },
): string[] {
  const meant = cases.flatMap((one, at) => (isMeant(one) ? [at] : []));
  const counts = columns.map(({ verdicts }) => meant.filter((at) => verdicts[at]?.kind === 'as-said').length);
  return [title, String(meant.length), ...counts.map(String)];
}

function differenceRows(cases: readonly RfcCase[], columns: readonly Column[]): string[][] {
  const rows = cases.flatMap((one, at) => {
    const verdicts = columns.map(({ verdicts: all }) => all[at]);
    if (verdicts.every((verdict) => verdict?.kind === 'as-said')) return [];
    return [[`${one.section}: ${one.says}`, one.where, ...verdicts.map(cellOf)]];
  });
  return rows.sort(([a = ''], [b = '']) => bySection(a, b));
}

function cellOf(verdict: Verdict | undefined): string {
  if (verdict === undefined) return 'not put';
  return verdict.kind === 'as-said' ? 'as said' : verdict.how;
}

function bySection(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [lineOf(heads), lineOf(heads.map(() => '---')), ...rows.map(lineOf)];
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => escaped(oneLine(cell))).join(' | ')} |`;
}

const LONGEST_CELL = 400;

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, LONGEST_CELL);
}

/** Names of cases are random: the same run again is to give the same text. */
function escaped(text: string): string {
  return text
    .replaceAll(/\bc[0-9a-f]{12}\b/g, '…')
    .replaceAll('|', String.raw`\|`)
    .replaceAll('*', String.raw`\*`)
    .replaceAll('<', '&lt;');
}
