// Who may import whom. Each rule refuses one kind of import; eslint.config.js says where it holds.
import { isPackage, libOf, mayEnter, pathInTree, relativeTarget, roomOf, visitImports } from './rooms.js';

function importRule(judge) {
  return {
    meta: { type: 'problem', schema: [] },
    create(context) {
      const path = pathInTree(context.filename);
      return visitImports((node, specifier) => {
        const message = judge(specifier, path, node);
        if (message !== undefined) context.report({ node, message });
      });
    },
  };
}

/** apps → bus, store, runtime → contracts → core; never sideways, never up. */
const rooms = importRule((specifier, path) => {
  const from = roomOf(path);
  if (from === undefined) return undefined;
  if (specifier === undefined)
    return 'An import whose target is computed cannot be checked: name the module in quotes.';
  const target = relativeTarget(path, specifier);
  const to = target === undefined ? libOf(specifier) : roomOf(target);
  if (to === undefined || to === from || mayEnter(from, to)) return undefined;
  return `${from} may not enter ${to}: apps → bus, store, runtime → contracts → core; never sideways, never up.`;
});

/** A lib is entered by its #name from outside and never by its own index from inside. */
const frontDoor = importRule((specifier, path) => {
  if (specifier === undefined) return undefined;
  const from = roomOf(path);
  const target = relativeTarget(path, specifier);
  if (target === undefined) return judgeDoor(specifier, from);
  const to = roomOf(target);
  if (to !== from && (to?.startsWith('libs/') || from?.startsWith('libs/')))
    return `${specifier} leaves ${from ?? 'its room'}: enter a lib by its front door (#name).`;
  if (from?.startsWith('libs/') && /^libs\/[a-z]+\/src(\/index(\.js|\.ts)?)?\/?$/.test(target))
    return `A file of ${from} imports its own index: this is how import cycles begin. Import the file that declares the name.`;
  return undefined;
});

function judgeDoor(specifier, from) {
  if (specifier.startsWith('/') || specifier.startsWith('file:')) return `${specifier} is a path of one machine.`;
  if (!specifier.startsWith('#')) return undefined;
  const lib = libOf(specifier);
  if (lib === undefined) return `${specifier} is no front door: #core, #contracts, #bus, #store, #runtime.`;
  return lib === from
    ? `A file of ${lib} imports its own front door: import the file that declares the name.`
    : undefined;
}

const TOUCHES = {
  module: ['nest', 'bus', 'store'],
  controller: ['nest'],
  // What stands before and behind the controllers at the HTTP edge.
  guard: ['nest'],
  filter: ['nest'],
  consumer: ['nest', 'bus'],
  service: ['nest', 'bus', 'store'],
  client: ['nest'],
  repository: ['nest', 'store'],
  main: ['nest', 'bus', 'store'],
};

const KINDS = [
  ['nest', (specifier) => isPackage(specifier, ['@nestjs/'])],
  ['bus', (specifier) => specifier === '#bus'],
  ['store', (specifier) => specifier === '#store'],
];

/** The suffix of an app's file says what it may touch; no suffix means pure. */
const suffix = importRule((specifier, path, node) => {
  if (specifier === undefined || isErased(node)) return undefined;
  const kind = KINDS.find(([, matches]) => matches(specifier))?.[0];
  const own = suffixOf(path);
  if (kind === undefined || (TOUCHES[own] ?? []).includes(kind)) return undefined;
  const who = TOUCHES[own] === undefined ? 'A file without a suffix is pure' : `A .${own}.ts`;
  return `${who} and does not touch ${specifier}: move the line to a file whose suffix may (${whoMay(kind)}).`;
});

/** A type touches nothing: it is gone at run time. */
function isErased(node) {
  const isType = node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type';
  const specifiers = node.specifiers ?? [];
  return isType || (specifiers.length > 0 && specifiers.every((one) => (one.importKind ?? one.exportKind) === 'type'));
}

function suffixOf(path) {
  const name = path.split('/').at(-1);
  return name === 'main.ts' ? 'main' : (/\.([a-z]+)\.ts$/.exec(name)?.[1] ?? '');
}

function whoMay(kind) {
  return Object.keys(TOUCHES)
    .filter((own) => own !== 'main' && TOUCHES[own].includes(kind))
    .map((own) => `.${own}.ts`)
    .join(', ');
}

const noExportAll = {
  meta: { type: 'problem', schema: [] },
  create: (context) => ({
    ExportAllDeclaration: (node) =>
      context.report({ node, message: 'A front door is an explicit list: export names, never *.' }),
  }),
};

function packageRule(names, message) {
  return importRule((specifier) => (specifier !== undefined && isPackage(specifier, names) ? message : undefined));
}

export const importRules = {
  rooms,
  'front-door': frontDoor,
  suffix,
  'no-export-all': noExportAll,
  'sql-in-store': packageRule(['typeorm', 'pg'], 'SQL lives in libs/store: ask a repository of #store.'),
  'nats-in-bus': packageRule(['@nats-io/', 'nats'], 'NATS lives in libs/bus: publish, ask and subscribe through #bus.'),
  'no-nest': packageRule(['@nestjs/'], 'This lib is free of Nest: it is words and rules only.'),
};
