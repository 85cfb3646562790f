// The lint rules of the house. `house/*` are our own (test/guards/rules); each has a planted fault in test/guards that must be
// refused, so that a pattern which went wrong does not look like a clean tree.
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { house } from './test/guards/rules/house.js';

const CODE = ['apps/**/*.ts', 'libs/**/*.ts'];
const inServices = (glob) =>
  ['cache-api', 'scheduler', 'refresher', 'dispatcher'].map((app) => `apps/${app}/**/${glob}`);
const TESTS = ['**/*.test.ts', 'test/**/*.ts'];
const STACK = 'apps/stack/**';

/** A rule that holds in `files` except in `exempt`; tests are always free of these. */
const only = (rule, files, exempt = []) => ({
  name: `only/${rule}`,
  files,
  ignores: [...TESTS, ...exempt],
  rules: { [`house/${rule}`]: 'error' },
});

export default defineConfig(
  { ignores: ['**/node_modules/', 'dist/', '.penstock/', 'coverage/', 'test/guards/planted/', 'apps/dashboard/'] },
  {
    name: 'all',
    plugins: { house, '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'house/say-why': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'], location: 'start' }],
      eqeqeq: ['error', 'always'],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-debugger': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-constant-condition': ['error', { checkLoops: false }],
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-async-promise-executor': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'max-depth': ['error', 3],
      // A switch over a union counts as one branch, however many kinds it has.
      complexity: ['error', { max: 12, variant: 'modified' }],
      'max-lines': ['error', 350],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  { name: 'typescript', files: ['**/*.ts'], extends: [tseslint.configs.recommended] },
  {
    name: 'typescript/with-types',
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // Left to the compiler (noUnusedLocals, noUnusedParameters), which knows `_`.
      '@typescript-eslint/no-unused-vars': 'off',
      // Files with decorators are left out by the rule itself (emitDecoratorMetadata): a type import of an injected class would
      // compile and die at boot; house/injected-classes refuses that one.
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      'house/no-double-assertion': 'error',
      'house/no-export-all': 'error',
      'house/rooms': 'error',
      'house/front-door': 'error',
      'house/file-names': 'error',
      'house/names': 'error',
    },
  },
  {
    name: 'injected',
    files: inServices('*.{service,controller,consumer,client,module}.ts'),
    rules: {
      // A constructor that is injected cannot take one object instead.
      '@typescript-eslint/max-params': ['error', { max: 7 }],
      'house/injected-classes': 'error',
    },
  },
  { name: 'libs/injected', files: ['libs/**/*.ts'], rules: { 'house/injected-classes': 'error' } },
  {
    name: 'tests',
    files: TESTS,
    rules: {
      'house/no-parked-tests': 'error',
      'house/titles-are-facts': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A describe block is a function, a suite a file.
      'max-lines-per-function': 'off',
      'max-lines': ['error', 600],
    },
  },
  { name: 'no-console', files: CODE, rules: { 'no-console': 'error' } },

  only('pure-core', ['libs/core/**/*.ts']),
  only('no-nest', ['libs/core/**/*.ts', 'libs/contracts/**/*.ts']),
  only('clock-and-chance', CODE, ['libs/runtime/src/{clock,chance}.ts', 'apps/demo-upstream/src/clock.ts', STACK]),
  only('env-at-the-door', CODE, ['apps/*/src/{main,config}.ts', 'libs/runtime/src/config.ts']),
  only('acks-in-bus', CODE, ['libs/bus/**']),
  only('upstream-client', CODE, ['apps/dispatcher/src/**/upstream.client.ts', STACK]),
  only('sql-in-store', CODE, ['libs/store/**', STACK]),
  only('nats-in-bus', CODE, ['libs/bus/**', STACK]),
  only('subjects-in-contracts', CODE, ['libs/contracts/**']),
  only('suffix', inServices('*.ts')),
  only('module-has-no-if', ['apps/**/*.module.ts']),
  { name: 'plain-javascript', files: ['**/*.{js,mjs}'], languageOptions: { globals: {} } },
);
