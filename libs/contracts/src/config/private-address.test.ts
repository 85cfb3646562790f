import { expect, it } from 'vitest';
import { isPrivateAddress, isPrivateHost } from './private-address.js';

it.each([
  '127.0.0.1',
  '10.0.0.1',
  '172.31.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '::',
  '::1',
  '[::1]',
  'fd00::1',
  'fe80::1',
  '::ffff:10.0.0.1',
  '64:ff9b::a00:1',
])('%s is private', (address) => expect(isPrivateAddress(address)).toBe(true));

it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8', 'localhost', ''])(
  '%s is no private address',
  (address) => expect(isPrivateAddress(address)).toBe(false),
);

it('localhost and the names below it are private hosts', () => {
  expect(['localhost', 'demo.localhost', 'LOCALHOST.', 'localhost.example'].map(isPrivateHost)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
