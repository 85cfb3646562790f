import { describe, expect, it } from 'vitest';
import { typedRefusals } from './lint.js';

const AT = 'libs/core/src/planted.ts';
const PROMISE = 'declare function send(): Promise<void>;\n';
const STATE =
  "type State = { kind: 'flowing' } | { kind: 'paused' };\nexport function f(state: State): number {\n  switch (state.kind) {\n";

const FAULTS = [
  { rule: '@typescript-eslint/no-floating-promises', refused: `${PROMISE}send();`, passes: `${PROMISE}await send();` },
  {
    rule: '@typescript-eslint/no-misused-promises',
    refused: `${PROMISE}[1].forEach(async () => send());`,
    passes: `${PROMISE}await Promise.all([1].map(async () => send()));`,
  },
  {
    rule: '@typescript-eslint/await-thenable',
    refused: 'export const x = await 1;',
    passes: `${PROMISE}await send();`,
  },
  {
    rule: '@typescript-eslint/switch-exhaustiveness-check',
    refused: `${STATE}    case 'flowing':\n      return 1;\n  }\n  return 0;\n}`,
    passes: `${STATE}    case 'flowing':\n      return 1;\n    case 'paused':\n      return 2;\n  }\n}`,
  },
  {
    rule: '@typescript-eslint/only-throw-error',
    refused: "export function f(): never {\n  throw 'late';\n}",
    passes: "export function f(): never {\n  throw new Error('late');\n}",
  },
  {
    rule: '@typescript-eslint/consistent-type-imports',
    refused: "import { Hash } from 'node:crypto';\nexport type H = Hash;",
    passes: "import type { Hash } from 'node:crypto';\nexport type H = Hash;",
  },
];

describe.each(FAULTS)('$rule', ({ rule, refused, passes }) => {
  it('refuses the planted fault', async () => {
    expect(await typedRefusals(AT, refused)).toContain(rule);
  });
  it('lets the clean counterpart pass', async () => {
    expect(await typedRefusals(AT, passes)).toEqual([]);
  });
});

describe('a class with decorators', () => {
  // An autofix to `import type` would compile and die at boot.
  it('keeps the value import of what it injects', async () => {
    const text =
      "import { Injectable } from '@nestjs/common';\nimport { Arbiter } from './arbiter.js';\n" +
      '@Injectable()\nexport class A {\n  constructor(private readonly arbiter: Arbiter) {}\n}\n';
    expect(await typedRefusals('apps/dispatcher/src/planted.service.ts', text)).toEqual([]);
  });
});
