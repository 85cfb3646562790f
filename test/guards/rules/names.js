// Names that say nothing are refused: for files, types and functions.
import { pathInTree } from './rooms.js';

const REFUSED = new Set([
  'manager',
  'helper',
  'helpers',
  'util',
  'utils',
  'common',
  'shared',
  'base',
  'data',
  'info',
  'misc',
  'new',
  'v2',
]);
const REFUSED_ALONE = new Set(['process', 'handle']);
// Words of the outside contract (baseUrl, the data plane, PENSTOCK_DATA_DIR, the partition `shared`) and TypeORM's DataSource.
const ALLOWED_PAIRS = new Set([
  'base url',
  'data plane',
  'data dir',
  'data folder',
  'data source',
  'shared partition',
  'shared entry',
  'shared authorized',
]);

function wordsOf(name) {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

function refusedWord(name) {
  const words = wordsOf(name);
  if (words.length === 1 && REFUSED_ALONE.has(words[0])) return words[0];
  return words.find((word, i) => REFUSED.has(word) && !ALLOWED_PAIRS.has(`${word} ${words[i + 1] ?? ''}`));
}

const fileNames = {
  meta: { type: 'suggestion', schema: [] },
  create: (context) => ({
    Program(node) {
      for (const part of pathInTree(context.filename).split('/')) {
        const word = refusedWord(part.replace(/(\.test)?\.[a-z]+$/, ''));
        if (word !== undefined)
          context.report({
            node,
            message: `The path names "${part}": "${word}" says nothing. Name it for the idea that it holds.`,
          });
      }
    },
  }),
};

const names = {
  meta: { type: 'suggestion', schema: [] },
  create(context) {
    const check = (id) => {
      const word = id?.type === 'Identifier' ? refusedWord(id.name) : undefined;
      if (word !== undefined)
        context.report({ node: id, message: `${id.name}: "${word}" says nothing. Name it for what it does.` });
    };
    const checkId = (node) => check(node.id);
    return {
      ClassDeclaration: checkId,
      FunctionDeclaration: checkId,
      TSInterfaceDeclaration: checkId,
      TSTypeAliasDeclaration: checkId,
      TSEnumDeclaration: checkId,
      'VariableDeclarator[init.type=/^(ArrowFunctionExpression|FunctionExpression)$/]': checkId,
    };
  },
};

export const nameRules = { 'file-names': fileNames, names };
