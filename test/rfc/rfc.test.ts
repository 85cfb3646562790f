import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allCases, CASES } from './all-cases.js';
import { titleOf } from './case.js';
import { openPenstock, type PenstockRig } from './penstock-rig.js';
import { runCase } from './run-case.js';

test('every file of cases is in the suite', () => {
  const files = readdirSync(new URL('./cases/', import.meta.url));
  expect(files.sort()).toEqual(
    Object.keys(CASES)
      .map((name) => `${name}.ts`)
      .sort(),
  );
});

test('each case is of its own title', () => {
  const titles = allCases.map(titleOf);
  expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([]);
});

describe('profile strict', () => {
  let rig: PenstockRig;
  beforeAll(async () => {
    rig = await openPenstock();
  });
  afterAll(() => rig.close());

  test.concurrent.for(allCases.map((one) => [titleOf(one), one] as const))(
    '%s',
    async ([, one], { expect: expectHere }) => {
      const faults = await runCase(one, rig);
      expectHere(faults, faults.join('\n')).toEqual([]);
    },
  );
});
