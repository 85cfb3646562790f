import { expect, it } from 'vitest';
import { templateOf } from './path-kind.js';

it.each([
  ['/items/42', '/items/{}'],
  ['/items/42?page=2&page=3&q=x', '/items/{}?page={}&q={}'],
  ['/v2/items', '/v2/items'],
  ['/V2.1/users/9f86d081884c', '/V2.1/users/{}'],
  ['/users/1b4e28ba-2fa1-11d2-883f-0016d3cca427/cards', '/users/{}/cards'],
  ['/customers/cus_NffrFeUfNV2Hib', '/customers/{}'],
  ['/orders/order-1001/lines/SKU123', '/orders/{}/lines/{}'],
  ['/oauth2/token', '/oauth2/token'],
  ['/reports/2026-01-31.csv', '/reports/{}'],
  ['/people/jane%20doe', '/people/{}'],
  ['/people/jane@crm.example', '/people/{}'],
  ['/', '/'],
  ['/search?42', '/search?{}'],
])('%s is of the kind %s', (path, template) => {
  expect(templateOf(path)).toBe(template);
});

it('the kind of a path is no longer than 200 characters', () => {
  expect(templateOf(`/${'deep/'.repeat(100)}`)).toHaveLength(200);
});
