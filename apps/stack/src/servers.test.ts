import { expect, test } from 'vitest';
import { freePort } from './ports.js';
import { requireNats, requirePostgres } from './servers.js';

const never = new AbortController().signal;
const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'accepted',
    (error: unknown) => error,
  );

test.each([
  ['PENSTOCK_POSTGRES_URL', 'postgres', requirePostgres],
  ['PENSTOCK_NATS_URL', 'nats', requireNats],
])('a server of the user that does not answer is told by %s, without its password', async (variable, scheme, ask) => {
  const port = await freePort();
  const refusal = await refusalOf(ask(`${scheme}://me:secret@127.0.0.1:${port}/x`, never, 300));
  expect(refusal).toMatchObject({ code: 'configuration', advice: expect.stringContaining(`unset it`) as string });
  expect(String(refusal)).toMatch(new RegExp(`${variable}: expected .* at 127.0.0.1:${port}, found`));
  expect(String(refusal)).not.toContain('secret');
});

test('a stop ends the asking', async () => {
  const stop = AbortSignal.abort(new Error('stopped'));
  expect(await refusalOf(requireNats('nats://127.0.0.1:1', stop))).toEqual(new Error('stopped'));
});
