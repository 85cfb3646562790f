import { expect, it } from 'vitest';
import type { Fields } from '#core';
import { askedAlike } from './asked-alike.js';

const itemOf = (path: string, requestFields: Fields = []): Parameters<typeof askedAlike>[0][number] => ({
  ...{ path, key: path, urlHash: path, variant: '', have: null, requestFields, validators: [] },
});

it('those that are asked for with the same fields stand together, in their order', () => {
  const json: Fields = [['Accept', 'application/json']];
  const [a, b, c, d] = [itemOf('/a'), itemOf('/b', json), itemOf('/c'), itemOf('/d', json)];
  expect(askedAlike([a, b, c, d])).toEqual([
    [a, c],
    [b, d],
  ]);
  expect(askedAlike([])).toEqual([]);
});
