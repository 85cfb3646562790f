import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { appsByTable, tablesWrittenBy, tableWriters, takenFromStore, UNREADABLE, type Tree } from './table-writers.js';

/** Law 2: one table, one writer. The word of the design; a table that is not here may be written by nobody. */
const WRITER: Readonly<Record<string, string>> = {
  upstream: 'cache-api',
  resource: 'cache-api',
  resource_stat: 'refresher',
  entry: 'dispatcher',
  body: 'dispatcher',
  invalid: 'dispatcher',
  known_stale: 'dispatcher',
  list_cursor: 'dispatcher',
  scope_view: 'dispatcher',
  reply: 'dispatcher',
};

/** What breaks the law, each fault in a sentence. */
function faultsOf(tree: Tree): string[] {
  return [...unnamedWriters(tree), ...strangers(tree)];
}

/** A statement that one file lends to another would be lost sight of; and who reads `createXWriter` knows what he takes. */
function unnamedWriters({ store }: Tree): string[] {
  return [...store]
    .flatMap(([file, text]) => tableWriters(file, text))
    .filter(({ creator }) => !/^create[A-Z]\w*Writer$/.test(creator))
    .map(
      ({ file, creator, tables }) => `${creator} of ${file} writes ${tables.join(' and ')} and is no create...Writer`,
    );
}

function strangers(tree: Tree): string[] {
  return [...appsByTable(tree)].flatMap(([table, apps]) => {
    const writer = WRITER[table];
    if (writer === undefined) return [`${table} is written by ${apps.join(' and ')}, and by the design by nobody`];
    return apps
      .filter((app) => app !== writer)
      .map((app) => `${table} is written by ${app}, and by the design by ${writer} alone`);
  });
}

function filesUnder(folder: string, isWanted: (path: string) => boolean): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && isWanted(path));
  return new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}

const TREE: Tree = {
  store: filesUnder('libs/store/src', (path) => !path.includes('/migrations/')),
  apps: filesUnder('apps', (path) => /^apps\/(cache-api|scheduler|refresher|dispatcher)\//.test(path)),
};

describe('a statement', () => {
  it.each([
    ['insert into entry (key) values ($1)', ['entry']],
    ['INSERT INTO "Entry" SELECT * FROM other', ['entry']],
    ['insert into penstock.entry select 1', ['entry']],
    ['update only body set touched_at = now()', ['body']],
    ['update body as b set touched_at = now()', ['body']],
    ['update body b\n  set touched_at = now()', ['body']],
    ['delete from invalid v where true', ['invalid']],
    ['merge into entry using x on true', ['entry']],
    ['truncate entry', ['entry']],
    ['copy entry (key) from stdin', ['entry']],
    ['with gone as (delete from entry returning 1) insert into body select 1', ['body', 'entry']],
    ['insert into ${} (key) values ($1)', [UNREADABLE]],
    ['update ${} set x = 1', [UNREADABLE]],
  ])('%j writes %j', (sql, tables) => {
    expect(tablesWrittenBy(sql)).toEqual(tables);
  });

  it.each([
    'select * from entry for update',
    'select * from entry for no key update of e skip locked',
    'select key from entry for update skip locked',
    'lock table upstream in exclusive mode',
    'copy entry to stdout',
    'updates set in stone',
  ])('%j writes nothing', (sql) => {
    expect(tablesWrittenBy(sql)).toEqual([]);
  });

  it('that inserts or updates names its table once', () => {
    const sql = 'insert into body (hash) values ($1) on conflict (hash) do update set touched_at = now() where true';
    expect(tablesWrittenBy(sql)).toEqual(['body']);
  });
});

describe('a creator', () => {
  const writersOf = (text: string): [string, readonly string[]][] =>
    tableWriters('x.ts', text).map(({ creator, tables }) => [creator, tables]);

  it('writes what the statements that it reaches write, however far away they stand in its file', () => {
    const text = `const COLUMNS = 'key';
      const PUT = { name: 'put', text: \`insert into resource (\${COLUMNS}) values ($1)\` };
      function put(store) { return store.query(PUT, []); }
      export function createResourceWriter(store) { return { put: () => put(store) }; }`;
    expect(writersOf(text)).toEqual([['createResourceWriter', ['resource']]]);
  });

  it('writes what stands inside of it', () => {
    const text = "export const createX = (store) => ({ go: () => store.query('delete from entry', []) });";
    expect(writersOf(text)).toEqual([['createX', ['entry']]]);
  });

  it('may be exported in a list, under another name', () => {
    const text = "function make(store) { return () => store.query('delete from entry'); } export { make as createX };";
    expect(writersOf(text)).toEqual([['make', ['entry']]]);
  });

  it('that only reads is no writer, though its file holds one', () => {
    const text = `const READ = 'select * from entry'; const DROP = 'delete from entry';
      export function createReader(store) { return () => store.query(READ); }
      export function createWriter(store) { return () => store.query(DROP); }`;
    expect(writersOf(text)).toEqual([['createWriter', ['entry']]]);
  });

  it.each([
    ["import { createX } from '#store';", ['createX']],
    ["import { createX as make } from '#store';", ['createX']],
    ["export { createX } from '#store';", ['createX']],
    ["import { createX } from '../../../libs/store/src/x.js';", ['createX']],
    ["import * as store from '#store';", ['*']],
    ["import type { createX } from '#store';", []],
    ["import { type createX } from '#store';", []],
    ["import { createX } from '#bus';", []],
  ])('is taken or not by %s', (text, taken) => {
    expect(takenFromStore('apps/x/src/main.ts', text)).toEqual(taken);
  });
});

describe('a planted fault', () => {
  const main = (app: string, text: string): [string, string] => [`apps/${app}/src/planted.ts`, text];
  const planted = (more: { store?: [string, string][]; apps?: [string, string][] }): string[] =>
    faultsOf({
      store: new Map([...TREE.store, ...(more.store ?? [])]),
      apps: new Map([...TREE.apps, ...(more.apps ?? [])]),
    });

  it('is told when another app takes a writer', () => {
    const apps = [main('scheduler', "import { createResourceStatWriter as write } from '#store';")];
    expect(planted({ apps })).toEqual(['resource_stat is written by scheduler, and by the design by refresher alone']);
  });

  it('is told when a writer begins to write a table of another app', () => {
    const text = `export function createPlantedWriter(store) { return () => store.query('update entry set fence = 0'); }`;
    const apps = [main('cache-api', "import { createPlantedWriter } from '#store';")];
    expect(planted({ store: [['libs/store/src/planted.ts', text]], apps })).toEqual([
      'entry is written by cache-api, and by the design by dispatcher alone',
    ]);
  });

  it('is told when a repository that all may read with begins to write', () => {
    const repository = TREE.store.get('libs/store/src/entry.repository.ts') ?? '';
    const text = repository.replace('`select url_hash, path', '`delete from entry returning url_hash, path');
    expect(text).not.toBe(repository);
    const faults = planted({ store: [['libs/store/src/entry.repository.ts', text]] });
    expect(faults).toContain('entry is written by cache-api, and by the design by dispatcher alone');
  });

  it('is told when a file lends its statements to others', () => {
    const text = "export const DROP = { name: 'drop', text: 'delete from entry' };";
    expect(planted({ store: [['libs/store/src/planted.ts', text]] })).toEqual([
      'DROP of libs/store/src/planted.ts writes entry and is no create...Writer',
    ]);
  });

  it('is told when a table is written that the design gives to nobody, or whose name cannot be read', () => {
    const text = `export function createPlantedWriter(store, table) {
      return () => store.query(\`with x as (delete from ghost) insert into \${table} select 1\`); }`;
    const apps = [main('dispatcher', "import { createPlantedWriter } from '#store';")];
    expect(planted({ store: [['libs/store/src/planted.ts', text]], apps })).toEqual([
      `${UNREADABLE} is written by dispatcher, and by the design by nobody`,
      'ghost is written by dispatcher, and by the design by nobody',
    ]);
  });

  it('is told when an app takes the door of the store whole', () => {
    const apps = [main('scheduler', "import * as store from '#store';")];
    expect(planted({ apps })).toContain('entry is written by scheduler, and by the design by dispatcher alone');
  });
});

describe('the tree', () => {
  // A scanner that sees no statement would find no fault either.
  it('has a writer for every table', () => {
    const creators = [...TREE.store].flatMap(([file, text]) => tableWriters(file, text));
    expect([...new Set(creators.flatMap(({ tables }) => tables))].sort()).toEqual(Object.keys(WRITER).sort());
    expect(Object.fromEntries(creators.map(({ creator, tables }) => [creator, tables]))).toMatchObject({
      createEntryWriter: ['body', 'entry', 'invalid'],
      createScopeViewWriter: ['scope_view'],
      createReplyWriter: ['reply'],
      createUpstreamWriter: ['upstream'],
      createResourceWriter: ['resource', 'upstream'],
      createResourceStatWriter: ['resource_stat'],
    });
  });

  it('creates no table that nobody writes', () => {
    const migrations = [...filesUnder('libs/store/src/migrations', () => true).values()].join('\n');
    const made = [...migrations.matchAll(/create table (\w+)/g)].map((match) => match[1]);
    expect(made.sort()).toEqual(Object.keys(WRITER).sort());
  });

  it('lets each table be written by one app, the one of the design', () => {
    expect(faultsOf(TREE)).toEqual([]);
    const written = appsByTable(TREE);
    for (const table of ['entry', 'body', 'invalid', 'scope_view', 'reply', 'upstream', 'resource'])
      expect(written.get(table), table).toEqual([WRITER[table]]);
  });

  it('holds no statement that writes outside of libs/store', () => {
    const others = [...TREE.apps].concat([...filesUnder('libs', (path) => !path.startsWith('libs/store/'))]);
    expect(
      others.filter(([, text]) => tablesWrittenBy(text).some((table) => table in WRITER)).map(([path]) => path),
    ).toEqual([]);
  });
});
