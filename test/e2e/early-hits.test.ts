import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask, cacheStatusOf } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

/** The first request of a connection goes through node:http's parser and the general path; those after it may take the short one. */
let upstream: OwnUpstream;
let stack: OpenStack;
beforeAll(async () => {
  upstream = await startOwnUpstream();
  upstream.on('/fresh', ({ target }, response) => {
    response.writeHead(200, [
      ...['Content-Type', 'application/json', 'Cache-Control', 'max-age=3600', 'ETag', '"v1"'],
      ...['X-Twice', 'one', 'X-Twice', 'two', 'Age', '7'],
    ]);
    response.end(`{"at":"${target}"}`);
  });
  upstream.on('/varied', ({ headers }, response) => {
    const language = headers['accept-language'] ?? 'none';
    response.writeHead(200, { 'Cache-Control': 'max-age=3600', Vary: 'Accept-Language, X-Kind' }).end(`in ${language}`);
  });
  upstream.on('/coded', (_, response) =>
    response
      .writeHead(200, { 'Cache-Control': 'max-age=3600', 'Content-Encoding': 'gzip', ETag: '"z"' })
      .end(gzipSync('coded')),
  );
  upstream.on('/missing', (_, response) => response.writeHead(404, { 'Cache-Control': 'max-age=3600' }).end('no'));
  upstream.on('/empty', (_, response) => response.writeHead(204, { 'Cache-Control': 'max-age=3600' }).end());
  upstream.on('/large', (_, response) =>
    response.writeHead(200, { 'Cache-Control': 'max-age=3600' }).end('x'.repeat(60_000)),
  );
  upstream.on('/uncached', ({ nth }, response) =>
    response.writeHead(200, { 'Cache-Control': 'no-store' }).end(`${nth}`),
  );
  const config = `
upstreams:
  own: { baseUrl: '${upstream.url}', refresh: { background: false } }
  lent: { baseUrl: '${upstream.url}', credentials: { header: Authorization, value: Bearer ours } }
`;
  stack = await openStack('early-hits', { config, demo: false });
  // Both have a holder by then.
  for (const name of ['own', 'lent'])
    await vi.waitFor(async () => expect((await ask(stack.dataUrl, `/${name}/fresh/opening`)).status).toBe(200), 30_000);
});
afterAll(async () => {
  await stack.stop();
  await upstream.close();
});

test('hits on a connection that has asked before are answered ahead of the parser, byte for byte as the general path answers', async () => {
  const head = request('/own/fresh/a');
  await ask(stack.dataUrl, '/own/fresh/a');
  const general = await onItsOwnConnection(head);
  const before = await earlyHits();
  const [, ...early] = await onOneConnection([head, head, head]);
  expect(early).toEqual([general, general]);
  expect(general).toContain('X-Twice: one\r\nX-Twice: two\r\n');
  expect((await earlyHits()) - before).toBe(2);
});

test('whatever is asked, and however it is said, the answer is the one of the general path', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 6 }), async (heads) => {
      for (const head of heads) await onItsOwnConnection(head);
      const general: string[] = [];
      for (const head of heads) general.push(await onItsOwnConnection(head));
      // The connection is opened with a hit of its own; each is asked twice, so that what was learned by the first is used by the second.
      const opening = request('/own/fresh/opening');
      const [, ...early] = await onOneConnection([opening, ...heads, ...heads]);
      expect(early).toEqual([...general, ...general]);
    }),
    { numRuns: 60, interruptAfterTimeLimit: 40_000 },
  );
  expect(await earlyHits()).toBeGreaterThan(20);
});

test('requests that come cut into pieces, or several at once, are answered in their order', async () => {
  await ask(stack.dataUrl, '/own/fresh/b');
  const head = request('/own/fresh/b');
  const general = await onItsOwnConnection(head);
  const wire = await Wire.open();
  wire.socket.write(head);
  expect(await wire.next()).toBe(general);
  for (let cut = 1; cut < head.length; cut += 11) {
    wire.socket.write(head.slice(0, cut));
    await onceWritten(wire.socket);
    wire.socket.write(head.slice(cut) + head + head.slice(0, 5));
    expect(await wire.next()).toBe(general);
    wire.socket.write(head.slice(5));
    expect([await wire.next(), await wire.next()]).toEqual([general, general]);
  }
  wire.socket.destroy();
});

test('a body that looks like a request is not answered as one', async () => {
  await ask(stack.dataUrl, '/own/fresh/c');
  const hit = request('/own/fresh/c');
  const wire = await Wire.open();
  wire.socket.write(hit);
  await wire.next();
  wire.socket.write(
    `POST /own/uncached/posted HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(hit.length * 2)}\r\n\r\n`,
  );
  await onceWritten(wire.socket);
  wire.socket.write(hit);
  await onceWritten(wire.socket);
  wire.socket.write(hit);
  expect(await wire.next()).toContain('fwd=method');
  expect(upstream.callsAt('/uncached/posted').at(-1)?.body.toString()).toBe(hit + hit);
  wire.socket.write(hit);
  expect(await wire.next()).toContain('penstock; hit');
  wire.socket.destroy();
});

test('a miss between hits is waited for, and the connection goes on', async () => {
  await ask(stack.dataUrl, '/own/fresh/d');
  const hit = request('/own/fresh/d');
  const answers = await onOneConnection([hit, request('/own/uncached/d'), hit, request('/own/uncached/d'), hit]);
  expect(answers.map((answer) => /penstock; (hit|fwd)/.exec(answer)?.[1])).toEqual(['hit', 'fwd', 'hit', 'fwd', 'hit']);
});

test('what a write made invalid is not answered early, on a connection that has just had it', async () => {
  await ask(stack.dataUrl, '/own/fresh/e');
  const hit = request('/own/fresh/e');
  const wire = await Wire.open();
  for (let i = 0; i < 3; i += 1) {
    wire.socket.write(hit);
    expect(await wire.next()).toContain('penstock; hit');
  }
  await ask(stack.dataUrl, '/own/fresh/e', { method: 'PUT', body: '{}' });
  wire.socket.write(hit);
  expect(await wire.next()).toContain('penstock; fwd=');
  wire.socket.destroy();
});

test('a client that does not read what it asks for is not answered without end', async () => {
  await ask(stack.dataUrl, '/own/large');
  const wire = await Wire.open();
  wire.socket.pause();
  const head = request('/own/large');
  for (let i = 0; i < 3_000; i += 1) wire.socket.write(head);
  await onceWritten(wire.socket);
  // 3,000 answers are 180 MB.
  expect(await residentBytes()).toBeLessThan(400 * 1024 * 1024);
  wire.socket.resume();
  for (let i = 0; i < 3_000; i += 1) expect((await wire.next()).length).toBeGreaterThan(60_000);
  wire.socket.destroy();
});

const asked = fc
  .record({
    target: fc.constantFrom(
      ...[
        '/own/fresh/1',
        '/own/fresh/2?q=1',
        '/own/fresh/3?api_key=secret',
        '/own/varied',
        '/own/missing',
        '/own/empty',
      ],
      ...['/lent/fresh/1', '/own/large', '/own/coded', '/own/fresh/%2e%2e', '/own', '/nobody/x', '/.penstock/x'],
    ),
    lines: fc.uniqueArray(
      fc.constantFrom(
        ...[
          'Accept: */*',
          'accept-language: de',
          'Accept-Language:  en ',
          'X-Kind: a',
          'x-kind: b',
          'User-Agent: test',
        ],
        ...['Authorization: Bearer one', 'Authorization: Bearer two', 'Cookie: a=b', 'X-Api-Key: k', 'Priority: u=5'],
        ...['Accept-Encoding: gzip', 'Accept-Encoding: br;q=1, *;q=0', 'Accept-Encoding: identity'],
        ...['Cache-Control: max-age=1', 'Cache-Control: only-if-cached', 'Pragma: no-cache', 'Range: bytes=0-3'],
        ...['If-None-Match: "v1"', 'If-None-Match: *', 'Prefer: wait=1', 'Connection: keep-alive', 'TE: trailers'],
        ...['If-Modified-Since: Tue, 24 Nov 2099 00:00:00 GMT', 'Connection: X-Kind, keep-alive', 'X-Empty:'],
        ...['traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'Content-Length: 0'],
      ),
      { maxLength: 5 },
    ),
    host: fc.constantFrom('Host: x', 'host: 127.0.0.1:8080', 'HOST:\tx'),
    method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
  })
  .map(({ target, lines, host, method }) => `${method} ${target} HTTP/1.1\r\n${[host, ...lines].join('\r\n')}\r\n\r\n`);

function request(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n`;
}

/** What changes with time is taken out of an answer, and with it how each call to the upstream was named. */
function timeless(answer: string): string {
  return answer
    .replace(/^Age: \d+$/m, 'Age: N')
    .replace(/ttl=-?\d+/, 'ttl=N')
    .replaceAll(/dur=[\d.]+/g, 'dur=N')
    .replace(/^Date: .*$/m, 'Date: D')
    .replace(/^Server-Timing: .*$/m, 'Server-Timing: T');
}

async function onItsOwnConnection(head: string): Promise<string> {
  const [answer = ''] = await onOneConnection([head]);
  return answer;
}

/** One after the other. */
async function onOneConnection(heads: readonly string[]): Promise<string[]> {
  const wire = await Wire.open();
  const answers: string[] = [];
  for (const head of heads) {
    wire.socket.write(head);
    answers.push(await wire.next(head.startsWith('HEAD')));
  }
  wire.socket.destroy();
  return answers;
}

/** Reads answers by their Content-Length, as bytes. */
class Wire {
  private received = '';
  private isClosed = false;
  private wake: () => void = () => undefined;

  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.wake();
    });
    socket.once('close', () => {
      this.isClosed = true;
      this.wake();
    });
    socket.on('error', () => undefined);
  }

  static open(): Promise<Wire> {
    const { hostname, port } = new URL(stack.dataUrl);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => resolve(new Wire(socket)));
      socket.once('error', reject);
    });
  }

  async next(isBare = false): Promise<string> {
    for (;;) {
      const answer = this.whole(isBare);
      if (answer !== undefined) {
        this.received = this.received.slice(answer.length);
        return timeless(answer);
      }
      if (this.isClosed) throw new Error(`the connection was closed after ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private whole(isBare: boolean): string | undefined {
    const end = this.received.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const length = isBare ? 0 : Number(/^content-length: (\d+)\r$/im.exec(this.received.slice(0, end + 2))?.[1] ?? 0);
    const bytes = end + 4 + length;
    return this.received.length < bytes ? undefined : this.received.slice(0, bytes);
  }
}

/** Until the system has it: the next write is a segment of its own. */
async function onceWritten(socket: Socket): Promise<void> {
  while (socket.writableLength > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 5));
}

async function earlyHits(): Promise<number> {
  return metric(/^penstock_early_hits_total\{.*\} (\d+)$/m);
}

async function residentBytes(): Promise<number> {
  return metric(/^process_resident_memory_bytes\{.*\} (\d+)$/m);
}

async function metric(line: RegExp): Promise<number> {
  const { text } = await ask(stack.adminUrl, '/metrics');
  return Number(line.exec(text)?.[1] ?? NaN);
}

test('the counts of hits are those of all paths together', async () => {
  expect(cacheStatusOf(await ask(stack.dataUrl, '/own/fresh/a'))).toMatch(/^hit/);
  const { text } = await ask(stack.adminUrl, '/metrics');
  const hits = Number(/^penstock_answers_total\{.*outcome="hit".*\} (\d+)$/m.exec(text)?.[1]);
  expect(hits).toBeGreaterThan(await earlyHits());
  expect(Number(/^penstock_answer_seconds_count\{outcome="hit".*\} (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(hits - 1);
});
