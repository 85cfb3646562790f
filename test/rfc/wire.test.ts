import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStack, type OpenStack } from '../e2e/open-stack.js';
import { cases as expectations } from './wire/expectations.js';
import { cases as requests } from './wire/requests.js';
import { cases as responses } from './wire/responses.js';
import type { WireCase } from './wire/wire-case.js';
import {
  startWireUpstream,
  talk,
  valueOf,
  type Talked,
  type WireCall,
  type WireUpstream,
} from './wire/wire-exchange.js';

const cases = [...requests, ...expectations, ...responses];
const titleOf = ({ section, says, where }: WireCase): string => `${section}: "${says}": ${where}`;

let upstream: WireUpstream;
let stack: OpenStack;
beforeAll(async () => {
  upstream = await startWireUpstream();
  const { host } = new URL(upstream.url);
  stack = await openStack('wire', {
    config: `
upstreams:
  wire:
    baseUrl: ${upstream.url}
    hosts: ["${host}"]
    limits: { concurrency: 200, windows: [{ limit: 100000, per: 1s }] }
    retry: { network: { maxAttempts: 1 }, status: { maxAttempts: 1 } }
    cache: { profile: strict }
`,
    demo: false,
    replicas: { scheduler: 0, refresher: 0 },
  });
});
afterAll(async () => {
  await stack.stop();
  await upstream.close();
});

test('each case is of its own title', () => {
  const titles = cases.map(titleOf);
  expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([]);
});

describe('bytes on the wire', () => {
  test.for(cases.map((one) => [titleOf(one), one] as const))('%s', async ([, one]) => {
    const path = `/w${randomBytes(6).toString('hex')}`;
    if (one.answer !== undefined) upstream.answers(path, one.answer);
    const before = upstream.calls.length;
    const talked = await talk(stack.dataUrl, one, { path: `/wire${path}`, declared: new URL(upstream.url).host });
    expectAnswers(one, talked);
    expectCalls(one, upstream.calls.slice(before));
  });
});

test('a call that comes back to its own upstream is a loop (RFC 9110 7.6.3)', async () => {
  const asked = (lines: string): Promise<Talked> =>
    talk(
      stack.dataUrl,
      {
        ...{ section: '', says: '', where: '', expect: { statuses: [200] } },
        pieces: [`GET /wire/loop HTTP/1.1\r\nHost: penstock\r\n${lines}\r\n`],
      },
      { path: '', declared: '' },
    );
  await asked('');
  const via = valueOf(upstream.calls.at(-1)?.fields ?? [], 'via') ?? '';
  expect((await asked('Via: 1.1 penstock, 1.1 penstock-00000000\r\n')).answers[0]?.status).toBe(200);
  const before = upstream.calls.length;
  const [looped] = (await asked(`Via: 1.0 other, ${via}\r\n`)).answers;
  expect(looped?.status).toBe(502);
  expect(valueOf(looped?.fields ?? [], 'proxy-status')).toContain('error=proxy_loop_detected');
  expect(upstream.calls).toHaveLength(before);
});

function expectAnswers({ expect: wanted }: WireCase, { answers, isClosed }: Talked): void {
  expect(answers.map(({ status }) => status)).toEqual(wanted.statuses);
  const last = answers.at(-1);
  if (wanted.body !== undefined) expect(last?.body).toBe(wanted.body);
  expectFields(wanted.fields, last?.fields ?? []);
  if (wanted.closes !== undefined) expect(isClosed).toBe(wanted.closes);
}

function expectCalls({ expect: { statuses, calls, seen = {} } }: WireCase, came: readonly WireCall[]): void {
  expect(came).toHaveLength(calls ?? ((statuses.at(-1) ?? 0) < 400 ? 1 : 0));
  const { body, method, fields = [] } = came.at(-1) ?? {};
  if (seen.body !== undefined) expect(body).toBe(seen.body);
  if (seen.method !== undefined) expect(method).toMatch(seen.method);
  expectFields(seen.fields, fields);
}

function expectFields(
  wanted: Readonly<Record<string, RegExp | null>> = {},
  fields: readonly (readonly [string, string])[],
): void {
  for (const [name, match] of Object.entries(wanted)) {
    const value = valueOf(fields, name);
    if (match === null) expect(value, name).toBeUndefined();
    else expect(value, name).toMatch(match);
  }
}
