import { expect, it } from 'vitest';
import { pathTemplate } from './path-template.js';

it('finds the id of a path, with its percent-encoding undone', () => {
  const template = pathTemplate('/shops/1/items/{id}?full=1');
  expect(template.idOf('/shops/1/items/7?full=1')).toBe('7');
  expect(template.idOf('/shops/1/items/a%2Fb%20c?full=1')).toBe('a/b c');
});

it.each(['/items/', '/items', '/items/7/notes', '/items/7?x=1', '/items/7#x', '/other/7', '/items/%zz'])(
  'finds none in %s',
  (path) => expect(pathTemplate('/items/{id}').idOf(path)).toBeUndefined(),
);

it('makes the path of an id, whatever is in it', () => {
  const template = pathTemplate('/items/{id}');
  expect(template.pathOf('7')).toBe('/items/7');
  expect(template.pathOf('../a?b')).toBe('/items/..%2Fa%3Fb');
});
