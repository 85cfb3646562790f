import { describe, expect, it } from 'vitest';
import { costsOf, topTable, type CpuProfile } from './profile-table.js';

const node = (id: number, functionName: string, children: number[] = [], url = '') => ({
  id,
  callFrame: { functionName, url, lineNumber: 6 },
  children,
});

/** (root) calls `outer`, which calls `inner`, which calls `outer` again; each look lasts 10 µs. */
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', [2, 5]),
    node(2, 'outer', [3], 'file:///house/dist/gate.js'),
    node(3, 'inner', [4]),
    node(4, 'outer', [], 'file:///house/dist/gate.js'),
    node(5, '(idle)'),
  ],
  startTime: 1_000,
  samples: [2, 3, 4, 5, 3, 2],
  timeDeltas: [0, 10, 10, 10, 10, 10],
};
const whole = [{ fromMicros: 0, toMicros: 10_000 }];
const costs = (spans = whole) =>
  Object.fromEntries(
    costsOf([profile], spans, '/house').map(({ name, selfMicros, inclusiveMicros }) => [
      name,
      [selfMicros, inclusiveMicros],
    ]),
  );

describe('the table of a CPU profile', () => {
  it('a function that calls itself counts once with all that it called', () => {
    expect(costs()).toMatchObject({ 'outer dist/gate.js:7': [20, 40], inner: [20, 30] });
  });

  it('waiting is no work', () => {
    expect(costs()).toMatchObject({ '(root)': [0, 40], '(idle)': [0, 0] });
  });

  it('only what lies in the measured rounds counts', () => {
    expect(costs([{ fromMicros: 1_005, toMicros: 1_015 }])).toMatchObject({ inner: [10, 10], '(root)': [0, 10] });
  });

  it('profiles of the same program are added up, and the dearest function stands first, without the root', () => {
    const both = costsOf([profile, profile], [{ fromMicros: 1_005, toMicros: 1_025 }], '/house');
    const lines = topTable('dispatcher', both, 2, 1).split('\n');
    expect(lines[0]).toBe('dispatcher: 20 µs a refresh; its own time');
    expect(lines[1]).toContain('50.0 %');
    expect(lines[3]).toBe('  100.0 %    20.0 µs  outer dist/gate.js:7');
  });
});
