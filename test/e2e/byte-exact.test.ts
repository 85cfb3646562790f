import { Agent, createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomAnswer, type RandomAnswer } from '../support/random-answers.js';
import { openStack, type OpenStack } from './open-stack.js';

const ANSWERS = 10_000;
const AT_ONCE = 24;
const MOST_STORED_BYTES = 64 * 1024;
const SEED = Number(process.env['PENSTOCK_TEST_SEED'] ?? Date.now() % 1_000_000);

let stack: OpenStack;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
const upstream = createServer((asked, response) => {
  const answer = answerOf(Number(asked.url?.slice(1)));
  if (asked.headers['if-none-match'] === undefined || asked.headers['if-none-match'] === '"0"') say(answer, response);
  else response.writeHead(304, { ETag: asked.headers['if-none-match'] }).end();
});
beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  stack = await openStack('byte_exact', {
    config: `
upstreams:
  own:
    baseUrl: http://127.0.0.1:${(upstream.address() as AddressInfo).port}
    limits: { concurrency: 64, windows: [{ limit: 1000000, per: 1s }] }
    cache: { profile: strict, maxBody: ${MOST_STORED_BYTES / 1024}KiB }
`,
    demo: false,
    replicas: { scheduler: 0, refresher: 0 },
  });
});
afterAll(async () => {
  agent.destroy();
  await stack.stop();
  upstream.close();
  upstream.closeAllConnections();
});

function answerOf(n: number): RandomAnswer {
  return randomAnswer(SEED, n, MOST_STORED_BYTES);
}

function say({ status, fields, body, coding, framing }: RandomAnswer, response: ServerResponse): void {
  const own = [
    ['Cache-Control', 'max-age=600'],
    ['ETag', '"1"'],
    ...(coding === undefined ? [] : [['Content-Encoding', coding]]),
  ];
  const length = framing === 'length' && status !== 204 ? [['Content-Length', String(body.length)]] : [];
  response.writeHead(status, [...own, ...fields, ...length].flat());
  const half = body.length >> 1;
  if (framing === 'chunked' && half > 0) response.write(body.subarray(0, half));
  response.end(framing === 'chunked' ? body.subarray(half) : body);
}

interface Got {
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

function ask(n: number, method = 'GET', headers: Record<string, string> = {}): Promise<Got> {
  const { hostname, port } = new URL(stack.dataUrl);
  const asked = { 'Accept-Encoding': 'gzip, br', ...headers };
  return new Promise((resolve, reject) => {
    const out = request({ hostname, port, path: `/own/${n}`, method, headers: asked, agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const raw = incoming.rawHeaders;
        const fields = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
        resolve({ status: incoming.statusCode ?? 0, fields, body: Buffer.concat(chunks) });
      });
    });
    out.once('error', reject);
    out.end();
  });
}

const named = ({ fields }: Got, wanted: string): string | undefined =>
  fields.find(([name]) => name.toLowerCase() === wanted)?.[1];

/** What differs from what the upstream said; undefined: nothing. */
function fault(got: Got, said: RandomAnswer, method: string): string | undefined {
  const random = got.fields.filter(([name]) => /^x-/i.test(name));
  if (got.status !== said.status) return `status ${got.status} instead of ${said.status}`;
  if (JSON.stringify(random) !== JSON.stringify(said.fields)) return `fields ${JSON.stringify(random)}`;
  if (named(got, 'content-encoding') !== said.coding) return `coding ${named(got, 'content-encoding')}`;
  if (!got.body.equals(method === 'HEAD' ? Buffer.alloc(0) : said.body))
    return `another body, of ${got.body.length} bytes`;
  const length = named(got, 'content-length');
  if (length !== undefined && Number(length) !== said.body.length) return `Content-Length ${length}`;
  return said.status === 204 && length !== undefined ? 'a length of no body' : undefined;
}

/** A miss, two hits (the second by the short path), a HEAD and a conditional one. */
async function faultsOf(n: number): Promise<string[]> {
  const said = answerOf(n);
  const faults: string[] = [];
  for (const what of ['miss', 'hit', 'hit again', 'HEAD']) {
    const method = what === 'HEAD' ? 'HEAD' : 'GET';
    const found = fault(await ask(n, method), said, method);
    if (found !== undefined) faults.push(`${n} (${what}): ${found}`);
  }
  if (said.status !== 200) return faults;
  const got = await ask(n, 'GET', { 'If-None-Match': '"1"' });
  if (got.status !== 304 || got.body.length > 0) faults.push(`${n} (If-None-Match): ${got.status}`);
  return faults;
}

test(`every byte of ${ANSWERS} random answers arrives as it was sent, from a miss and from a hit (seed ${SEED})`, async () => {
  const faults: string[] = [];
  let next = 0;
  const some = async (): Promise<void> => {
    while (next < ANSWERS && faults.length < 20) faults.push(...(await faultsOf(next++)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  expect(faults).toEqual([]);
  expect(next).toBe(ANSWERS);
}, 240_000);
