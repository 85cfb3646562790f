import { expect, test } from 'vitest';
import { NO_BODY } from './client-call.js';
import type { ClientCall } from './client-call.js';
import type { Forwarded } from './forward.service.js';
import { WriteService } from './write.service.js';

/** What a write looks at of a call. */
const call: ClientCall = {
  ...{ id: 'c1', method: 'PUT', path: '/x', fields: [], body: NO_BODY, receivedVersion: '1.1' },
  upstream: {
    id: 'own',
    viaName: 'penstock-1',
    partitionKey: Buffer.from('key'),
    config: {
      baseUrl: 'http://own.example',
      cache: { credentialFields: { kind: 'default' }, credentialQuery: [] },
    },
  },
} as never;

/** What a write looks at of an answer. */
const answeredUnder = (fence: number): Forwarded =>
  ({
    kind: 'answered',
    reply: { kind: 'answered', status: 200, fields: [], version: { fence, send: 7 } },
    body: NO_BODY,
  }) as never;

/** A write that is answered under one fence, while the holder is known under another: how often that one was asked to mark. */
async function marksOf(forwarded: Forwarded, fence: number | null): Promise<number> {
  let marks = 0;
  const service = new WriteService({
    forward: { forward: () => Promise.resolve(forwarded) },
    calls: {
      fenceOf: () => fence,
      mark: () => Promise.resolve({ kind: 'marked', before: { fence, send: (marks += 1) } }),
    },
    envelope: () => ({}),
    clock: { now: () => 0 },
    logger: { warn: () => undefined },
  } as never);
  await service.write(call);
  return marks;
}

test('a write that a holder answered after it had lost the lease is marked by the one that has it', async () => {
  expect(await marksOf(answeredUnder(3), 4)).toBe(1);
});

test('a write that the present holder answered is marked by that one alone', async () => {
  expect(await marksOf(answeredUnder(4), 4)).toBe(0);
  expect(await marksOf(answeredUnder(4), null)).toBe(0);
});
