// Which function of libs/store writes which table: read from the statements in its source, with the compiler's own scanner.
import ts from 'typescript';

/** One function that a front door may hand out, or a constant or function that it uses. */
interface Declared {
  readonly name: string;
  readonly isExported: boolean;
  readonly uses: ReadonlySet<string>;
  readonly tables: readonly string[];
}

export interface TableWriter {
  readonly file: string;
  readonly creator: string;
  readonly tables: readonly string[];
}

/** A table whose name is put together cannot be read from the source. */
export const UNREADABLE = '(a name that is put together)';

const PART = ' ${} ';
const NAME = String.raw`(?:only\s+)?(?:"?[a-z_]\w*"?\s*\.\s*)?("?[a-z_]\w*"?|\$\{\})`;
const WRITES = [
  new RegExp(String.raw`\binsert\s+into\s+${NAME}`, 'gi'),
  new RegExp(String.raw`\bdelete\s+from\s+${NAME}`, 'gi'),
  new RegExp(String.raw`\bmerge\s+into\s+${NAME}`, 'gi'),
  new RegExp(String.raw`\btruncate\s+(?:table\s+)?${NAME}`, 'gi'),
  new RegExp(String.raw`\bcopy\s+${NAME}\s*(?:\([^)]*\)\s*)?from\b`, 'gi'),
  // Not `on conflict do update set`, which names no table, and not the lock `for update`.
  new RegExp(String.raw`\bupdate\s+(?!set\b|skip\b|of\b|nowait\b)${NAME}\s+(?:(?:as\s+)?(?!set\b)\w+\s+)?set\b`, 'gi'),
];

export function tablesWrittenBy(sql: string): string[] {
  const found = WRITES.flatMap((pattern) => [...sql.matchAll(pattern)].map((match) => match[1] ?? UNREADABLE));
  return [
    ...new Set(found.map((name) => (name === '${}' ? UNREADABLE : name.replaceAll('"', '').toLowerCase()))),
  ].sort();
}

/** Every exported function or constant through which a table is written. */
export function tableWriters(file: string, text: string): TableWriter[] {
  const declared = new Map(declarationsOf(file, text).map((declaration) => [declaration.name, declaration]));
  return [...declared.values()]
    .filter((declaration) => declaration.isExported)
    .map(({ name }) => ({ file, creator: name, tables: reachedFrom(name, declared) }))
    .filter(({ tables }) => tables.length > 0);
}

function reachedFrom(start: string, declared: ReadonlyMap<string, Declared>): string[] {
  const seen = new Set<string>([start]);
  for (const name of seen) for (const used of declared.get(name)?.uses ?? []) if (declared.has(used)) seen.add(used);
  return [...new Set([...seen].flatMap((name) => declared.get(name)?.tables ?? []))].sort();
}

function declarationsOf(file: string, text: string): Declared[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const listed = new Set(source.statements.flatMap(listedExports));
  return source.statements.flatMap((statement) => {
    const isExported = ts.canHaveModifiers(statement) && hasExport(ts.getModifiers(statement));
    return namedParts(statement).map(([name, part]) => ({
      name,
      isExported: isExported || listed.has(name),
      ...contentOf(part),
    }));
  });
}

/** The names of `export { a, b as c }`, as the file itself calls them. */
function listedExports(statement: ts.Statement): string[] {
  if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier !== undefined) return [];
  const { exportClause } = statement;
  if (exportClause === undefined || !ts.isNamedExports(exportClause)) return [];
  return exportClause.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

function hasExport(modifiers: readonly ts.Modifier[] | undefined): boolean {
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function namedParts(statement: ts.Statement): [string, ts.Node][] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((part) => [part.name.getText(), part]);
  const isNamed = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
  return isNamed && statement.name !== undefined ? [[statement.name.text, statement]] : [];
}

function contentOf(part: ts.Node): Pick<Declared, 'uses' | 'tables'> {
  const uses = new Set<string>();
  const tables: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) uses.add(node.text);
    if (ts.isStringLiteralLike(node)) tables.push(...tablesWrittenBy(node.text));
    if (ts.isTemplateExpression(node)) tables.push(...tablesWrittenBy(textOf(node)));
    ts.forEachChild(node, visit);
  };
  visit(part);
  return { uses, tables };
}

function textOf({ head, templateSpans }: ts.TemplateExpression): string {
  return [head.text, ...templateSpans.map(({ literal }) => literal.text)].join(PART);
}

/** The values that a file takes from libs/store, by whatever name it calls them; `*` when it takes the door whole. */
export function takenFromStore(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, false);
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
    return /^#store$|\/libs\/store\//.test(moduleSpecifier.text) ? namesOf(statement) : [];
  });
}

function namesOf(statement: ts.ImportDeclaration | ts.ExportDeclaration): string[] {
  const names = ts.isExportDeclaration(statement) ? statement.exportClause : statement.importClause?.namedBindings;
  const isErased = ts.isExportDeclaration(statement)
    ? statement.isTypeOnly
    : statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
  if (isErased) return [];
  if (names === undefined || !('elements' in names)) return ['*'];
  return [...names.elements]
    .filter(({ isTypeOnly }) => !isTypeOnly)
    .map(({ name, propertyName }) => (propertyName ?? name).text);
}

export interface Tree {
  /** Source of libs/store, without its migrations: path → text. */
  readonly store: ReadonlyMap<string, string>;
  /** Source of the apps, without their tests. */
  readonly apps: ReadonlyMap<string, string>;
}

/** table → the apps that write it. */
export function appsByTable({ store, apps }: Tree): Map<string, string[]> {
  const writers = [...store].flatMap(([file, text]) => tableWriters(file, text));
  const byTable = new Map<string, Set<string>>();
  for (const [file, text] of apps) {
    const taken = takenFromStore(file, text);
    for (const { creator, tables } of writers) {
      if (!taken.includes(creator) && !taken.includes('*')) continue;
      for (const table of tables) byTable.set(table, (byTable.get(table) ?? new Set()).add(appOf(file)));
    }
  }
  return new Map([...byTable].map(([table, names]) => [table, [...names].sort()]));
}

function appOf(file: string): string {
  return file.split('/')[1] ?? file;
}
