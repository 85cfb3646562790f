import { describe, expect, it } from 'vitest';
import { fillFromEnvironment, resolveReference } from './references.js';

const source = {
  env: { TOKEN: 's3cret', EMPTY: '', LINES: 'a\r\nX: b', NESTED: '${TOKEN}' },
  readFile: (path: string): string => {
    if (path === '/run/secrets/crm') return 'from-file\n';
    throw new Error(`ENOENT: ${path}`);
  },
};

describe('a credential reference', () => {
  it.each([
    ['Bearer ${TOKEN}', 'Bearer s3cret'],
    ['${file:/run/secrets/crm}', 'from-file'],
    ['${TOKEN}:${file:/run/secrets/crm}', 's3cret:from-file'],
    ['plain', 'plain'],
    ['${NESTED}', '${TOKEN}'],
  ])('%s is resolved', (text, value) => {
    expect(resolveReference(text, source)).toEqual({ kind: 'resolved', value });
  });

  it.each([
    ['${ABSENT}', 'the environment variable ABSENT (not set, or not readable)'],
    ['${constructor}', 'the environment variable constructor (not set, or not readable)'],
    ['${EMPTY}', 'the environment variable EMPTY (empty)'],
    ['${file:/run/secrets/none}', 'the file /run/secrets/none (not set, or not readable)'],
    ['${LINES}', 'one line in the environment variable LINES (it holds several)'],
    ['${file:relative}', 'a reference that can be read instead of "${file:relative}"'],
    ['Bearer ${TOKEN', 'a reference that can be read instead of "${TOKEN"'],
  ])('%s is missing', (text, what) => {
    expect(resolveReference(text, source)).toEqual({ kind: 'missing', what });
  });
});

describe('a text with variables', () => {
  it('is filled once: what a variable holds is no reference', () => {
    expect(fillFromEnvironment('<${NESTED}>', source.env)).toEqual({ kind: 'filled', text: '<${TOKEN}>' });
  });

  it('tells every variable that is missing', () => {
    expect(fillFromEnvironment('${A}${B}', source.env)).toMatchObject({
      kind: 'refused',
      problems: [{ found: 'A is not set' }, { found: 'B is not set' }],
    });
  });
});
