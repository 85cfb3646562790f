// The graph of imports, read from the files with the compiler's own scanner.
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/** file → the files whose values it imports; `import type` is erased and cannot form a cycle at run time. */
export type ImportGraph = Map<string, string[]>;

/** `read` is given a path from the root with `/`. */
export function importGraph(files: string[], read: (path: string) => string = readUtf8): ImportGraph {
  const known = new Set(files);
  return new Map(files.map((file) => [file, valueImports(file, read(file)).filter((target) => known.has(target))]));
}

function readUtf8(path: string): string {
  return readFileSync(path, 'utf8');
}

function valueImports(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, false);
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier) || isErased(statement)) return [];
    return targetOf(file, moduleSpecifier.text) ?? [];
  });
}

function isErased(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  return ts.isExportDeclaration(statement)
    ? statement.isTypeOnly
    : statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function targetOf(file: string, specifier: string): string | undefined {
  const lib = /^#([a-z]+)$/.exec(specifier)?.[1];
  if (lib !== undefined) return `libs/${lib}/src/index.ts`;
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}

/** One cycle as the list of its files, the first repeated at the end; undefined when there is none. */
export function findCycle(graph: ImportGraph): string[] | undefined {
  const finished = new Set<string>();
  for (const file of graph.keys()) {
    const cycle = walk(graph, file, { trail: [], finished });
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function walk(
  graph: ImportGraph,
  file: string,
  state: { trail: string[]; finished: Set<string> },
): string[] | undefined {
  const { trail, finished } = state;
  if (finished.has(file)) return undefined;
  const start = trail.indexOf(file);
  if (start >= 0) return [...trail.slice(start), file];
  for (const target of graph.get(file) ?? []) {
    const cycle = walk(graph, target, { trail: [...trail, file], finished });
    if (cycle !== undefined) return cycle;
  }
  finished.add(file);
  return undefined;
}
