// Where a file stands in the house, told from its path alone: nothing is resolved through node_modules or dist, so a missing
// build cannot silence a rule.
import { existsSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';

const SERVICES = ['cache-api', 'scheduler', 'refresher', 'dispatcher'];
const LIBS = ['core', 'contracts', 'bus', 'store', 'runtime'];

/** What each room may enter. A room that is not named here (the demo upstream, the dashboard) enters nothing. */
const MAY_ENTER = new Map([
  ['libs/core', []],
  ['libs/contracts', ['libs/core']],
  ['libs/bus', ['libs/contracts', 'libs/core']],
  ['libs/store', ['libs/contracts', 'libs/core']],
  ['libs/runtime', ['libs/contracts', 'libs/core']],
  ...[...SERVICES, 'stack'].map((app) => [`apps/${app}`, LIBS.map((lib) => `libs/${lib}`)]),
  ['test', [...LIBS.map((lib) => `libs/${lib}`), 'apps/stack']],
]);

const roots = new Map();

/** The root is the nearest folder with a tsconfig.json: the planted tree has one of its own. */
function rootOf(directory) {
  const known = roots.get(directory);
  if (known !== undefined) return known;
  const parent = dirname(directory);
  const root = existsSync(join(directory, 'tsconfig.json')) || parent === directory ? directory : rootOf(parent);
  roots.set(directory, root);
  return root;
}

export function pathInTree(filename) {
  return relative(rootOf(dirname(filename)), filename)
    .split(sep)
    .join('/');
}

export function roomOf(path) {
  const [top, name] = path.split('/');
  if (top === 'apps' || top === 'libs') return `${top}/${name}`;
  return top === 'test' ? 'test' : undefined;
}

export function mayEnter(from, to) {
  return (MAY_ENTER.get(from) ?? []).includes(to);
}

/** The path in the tree that a relative specifier means, or undefined for a package. */
export function relativeTarget(fromPath, specifier) {
  return specifier.startsWith('.') ? posix.join(posix.dirname(fromPath), specifier) : undefined;
}

/** `#core` → `libs/core`. */
export function libOf(specifier) {
  const name = /^#([a-z]+)$/.exec(specifier)?.[1];
  return name !== undefined && LIBS.includes(name) ? `libs/${name}` : undefined;
}

export function isPackage(specifier, names) {
  return names.some((name) =>
    name.endsWith('/') ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  );
}

/** Calls `visit(node, specifier)` for each way in which a module can name another one; undefined: it cannot be read. */
export function visitImports(visit) {
  const ofSource = (node) => {
    if (node.source) visit(node, node.source.value);
  };
  return {
    ImportDeclaration: ofSource,
    ExportNamedDeclaration: ofSource,
    ExportAllDeclaration: ofSource,
    ImportExpression: (node) => visit(node, literalValue(node.source)),
    TSImportType: (node) => visit(node, literalValue(node.source ?? node.argument)),
    TSExternalModuleReference: (node) => visit(node, literalValue(node.expression)),
    'CallExpression[callee.name="require"]': (node) => visit(node, literalValue(node.arguments[0])),
  };
}

function literalValue(node) {
  const literal = node?.type === 'TSLiteralType' ? node.literal : node;
  return typeof literal?.value === 'string' ? literal.value : undefined;
}
