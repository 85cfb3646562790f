// What a line says tells where it lives (HOUSE.md, "How a line knows its room").
// eslint.config.js lists the files in which each of these is allowed.
import { isPackage, visitImports } from './rooms.js';

const nameOf = (property) => (property.type === 'Identifier' ? property.name : property.value);

function isMember(node, object, properties) {
  return node.object.type === 'Identifier' && node.object.name === object && properties.includes(nameOf(node.property));
}

function report(context, message) {
  return (node) => context.report({ node, message });
}

function isTime(node) {
  return (
    isMember(node, 'Date', ['now']) || isMember(node, 'performance', ['now']) || isMember(node, 'process', ['hrtime'])
  );
}

/** Visitors for each way to read the clock or to roll the dice. */
function timeAndChance(refuse) {
  return {
    MemberExpression(node) {
      if (isTime(node) || isMember(node, 'Math', ['random'])) refuse(node);
    },
    'NewExpression[callee.name="Date"][arguments.length=0]': refuse,
    'CallExpression[callee.name="Date"]': refuse,
  };
}

const clockAndChance = {
  meta: { type: 'problem', schema: [] },
  create: (context) =>
    timeAndChance(
      report(context, 'Time and chance come from the clock and chance of libs/runtime: take them as an argument.'),
    ),
};

const envAtTheDoor = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const refuse = report(
      context,
      'The environment is read once, at the door: in config.ts (main.ts may hand it over).',
    );
    return {
      MemberExpression(node) {
        if (isMember(node, 'process', ['env'])) refuse(node);
      },
      'VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name="env"]': refuse,
      'ImportDeclaration[source.value=/^(node:)?process$/] > ImportSpecifier[imported.name="env"]': refuse,
    };
  },
};

const IMPURE_GLOBALS =
  /^(process|console|fetch|setTimeout|setInterval|setImmediate|queueMicrotask|globalThis|WebSocket|localStorage)$/;

function isReference(node) {
  const { parent } = node;
  const isPropertyName = parent.type === 'MemberExpression' && parent.property === node && !parent.computed;
  const isKey = parent.type === 'Property' && parent.key === node && !parent.shorthand && !parent.computed;
  return !isPropertyName && !isKey && !parent.type.startsWith('TS') && parent.type !== 'MethodDefinition';
}

/** Hashes, not dice; and a parser, which does nothing but parse. */
const PURE_PACKAGES = new Set(['node:crypto', 'structured-headers']);

/** libs/core has no clock, no chance, no environment, no timers, no I/O and no other package than these. */
const pureCore = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const refuse = report(context, 'libs/core is pure: time, chance and everything outside are arguments.');
    const imports = visitImports((node, specifier) => {
      const isInside = specifier?.startsWith('.') || specifier?.startsWith('#');
      if (!isInside && !PURE_PACKAGES.has(specifier)) refuse(node);
    });
    return {
      ...timeAndChance(refuse),
      ...imports,
      Identifier(node) {
        if (IMPURE_GLOBALS.test(node.name) && isReference(node)) refuse(node);
      },
      'MemberExpression[object.name="crypto"][property.name=/^(random|getRandom)/]': refuse,
      'ImportDeclaration[source.value="node:crypto"] > ImportSpecifier[imported.name=/^(random|getRandom)/]': refuse,
    };
  },
};

const acksInBus = {
  meta: { type: 'problem', schema: [] },
  create: (context) => ({
    'CallExpression > MemberExpression.callee': (node) => {
      if (['ack', 'nak', 'term', 'working', 'ackAck'].includes(nameOf(node.property)))
        context.report({
          node,
          message: 'Only libs/bus acknowledges: a handler returns a verdict (done, again, drop).',
        });
    },
  }),
};

/** Law 1. A call leaves the house in one file; servers (createServer) are not meant. */
const upstreamClient = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const refuse = report(
      context,
      "Only the dispatcher's upstream.client.ts calls out over HTTP: leave work, or ask the holder.",
    );
    return {
      ...visitImports((node, specifier) => {
        if (specifier !== undefined && isPackage(specifier, ['axios', 'undici', 'node-fetch', 'got', 'ky']))
          refuse(node);
      }),
      'CallExpression[callee.name="fetch"]': refuse,
      'MemberExpression[object.name="globalThis"][property.name="fetch"]': refuse,
      'MemberExpression[object.name=/^https?2?$/][property.name=/^(request|get|Agent|connect)$/]': refuse,
      'ImportDeclaration[source.value=/^(node:)?https?2?$/][importKind!="type"] > ImportSpecifier[importKind!="type"][imported.name=/^(request|get|Agent|connect)$/]':
        refuse,
    };
  },
};

// `fetch.answered` and its like are names of events, which the compiler checks; `fetch.<u>` is the door.
const SUBJECT = /^(work|event|call|stat|state|stream|dead|fetch)\.(?!(answered|failed|dropped)$)([a-z*>]|$)/;
const SUBJECT_AFTER_NAMESPACE = /^\.(work|event|call|stat|state|stream|dead|fetch)\.([a-z*>]|$)/;

const subjectsInContracts = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const refuse = report(context, 'A subject in quotes lives in libs/contracts: use its constant or builder.');
    return {
      Literal(node) {
        if (typeof node.value === 'string' && SUBJECT.test(node.value)) refuse(node);
      },
      TemplateLiteral(node) {
        const isSubject = node.quasis.some((part, i) =>
          (i === 0 ? SUBJECT : SUBJECT_AFTER_NAMESPACE).test(part.value.cooked ?? ''),
        );
        if (isSubject) refuse(node);
      },
    };
  },
};

export const placeRules = {
  'clock-and-chance': clockAndChance,
  'env-at-the-door': envAtTheDoor,
  'pure-core': pureCore,
  'acks-in-bus': acksInBus,
  'upstream-client': upstreamClient,
  'subjects-in-contracts': subjectsInContracts,
};
