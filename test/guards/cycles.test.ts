import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findCycle, importGraph, type ImportGraph } from './imports.js';

const PLANTED: Record<string, string> = {
  'libs/core/src/a.ts': "import { b } from './b.js';",
  'libs/core/src/b.ts': "export { c } from './deep/c.js';",
  'libs/core/src/deep/c.ts': "import { a } from '../a.js';",
};

function graphOf(texts: Record<string, string>): ImportGraph {
  return importGraph(Object.keys(texts), (path) => texts[path] ?? '');
}

describe('a planted cycle', () => {
  it('is found and told file by file', () => {
    const cycle = ['libs/core/src/a.ts', 'libs/core/src/b.ts', 'libs/core/src/deep/c.ts', 'libs/core/src/a.ts'];
    expect(findCycle(graphOf(PLANTED))).toEqual(cycle);
  });

  it('is found through a front door', () => {
    const texts = {
      'libs/core/src/index.ts': "export { a } from './a.js';",
      'libs/core/src/a.ts': "import { a } from '#core';",
    };
    expect(findCycle(graphOf(texts))).toHaveLength(3);
  });

  it('is none once one of its imports is a type', () => {
    const texts = { ...PLANTED, 'libs/core/src/deep/c.ts': "import type { a } from '../a.js';" };
    expect(findCycle(graphOf(texts))).toBeUndefined();
  });
});

describe('the tree', () => {
  const files = ['apps', 'libs', 'test'].flatMap((top) =>
    readdirSync(top, { recursive: true, encoding: 'utf8' })
      .map((path) => `${top}/${path.replaceAll('\\', '/')}`)
      .filter((path) => path.endsWith('.ts') && !path.startsWith('test/guards/planted/')),
  );
  const graph = importGraph(files);

  // A scanner that sees nothing would find no cycle either.
  it('has imports that the scanner sees', () => {
    expect([...graph.values()].flat().length).toBeGreaterThan(5);
    expect(graph.get('test/guards/cycles.test.ts')).toEqual(['test/guards/imports.ts']);
  });

  it('has no import cycle', () => {
    expect(findCycle(graph)).toBeUndefined();
  });
});
