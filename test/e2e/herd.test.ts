import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { ask, cacheStatusOf, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

const CONCURRENCY = 64;
const CLIENTS = 1_000;
/** Some slots are kept for others; so many at once is no queue of one behind another. */
const AT_ONCE = CONCURRENCY / 2;
const config = (url: string): string => `
upstreams:
  slow:
    baseUrl: ${url}
    limits: { windows: [{ limit: 5000, per: 1s }], concurrency: ${CONCURRENCY} }
    timeouts: { wait: 30s }
`;

let own: OwnUpstream;
let stack: OpenStack;
beforeAll(async () => {
  own = await startOwnUpstream();
  own.on('/mark', (_, response) => response.writeHead(200).end());
  stack = await openStack('herd', {
    config: config(own.url),
    demo: false,
    replicas: { 'cache-api': 2, dispatcher: 2, scheduler: 0, refresher: 0 },
  });
  await vi.waitFor(async () => expect((await ask(stack.dataUrl, '/slow/mark')).status).toBe(200), WITHIN);
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});

const WITHIN = { timeout: 20_000, interval: 10 };

/** At both replicas by turns; each says who it is. */
function herd(target: string, count: number, headersOf: (i: number) => Record<string, string>): Promise<Answered>[] {
  return Array.from({ length: count }, (_, i) =>
    ask(stack.dataUrls[i % stack.dataUrls.length] ?? '', target, { headers: headersOf(i) }),
  );
}

const asWho = (i: number): Record<string, string> => ({ 'X-Who': `client ${i}` });

let marks = 0;
/** The holder has what was asked before: it has answered what was asked after it, at each replica. */
async function askingIsHeard(): Promise<void> {
  for (const dataUrl of stack.dataUrls) await ask(dataUrl, `/slow/mark/${(marks += 1)}`, { method: 'OPTIONS' });
}

/** What the upstream has in hand until `release`, and answers at once from then on. */
class Hand {
  private readonly held: ServerResponse[] = [];
  private isOpen = false;

  constructor(private readonly fields: Record<string, string>) {
    // What failed keeps no slot from the tests after it.
    onTestFinished(() => this.release());
  }

  get size(): number {
    return this.held.length;
  }

  take(response: ServerResponse, text: string): void {
    response.writeHead(200, this.fields);
    response.write(text);
    if (this.isOpen) response.end();
    else this.held.push(response);
  }

  release(): void {
    this.isOpen = true;
    for (const response of this.held.splice(0)) response.end();
  }
}

test('1,000 clients of one cold key at two replicas make one call, and all get its answer', async () => {
  const hand = new Hand({ 'Cache-Control': 'max-age=60' });
  own.on('/cold', (_, response) => hand.take(response, 'the one answer'));
  const asked = herd('/slow/cold', CLIENTS, asWho);
  await vi.waitFor(() => expect(hand.size).toBe(1), WITHIN);
  await askingIsHeard();
  hand.release();
  const answers = await Promise.all(asked);
  expect(own.callsAt('/cold')).toHaveLength(1);
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['200 the one answer']));
  expect(answers.filter((answer) => cacheStatusOf(answer).endsWith('; collapsed')).length).toBeGreaterThan(CLIENTS / 2);
});

test('a herd that comes while the answer does makes one call too', async () => {
  own.on('/at-once', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('at once'));
  for (let n = 0; n < 5; n += 1) {
    await Promise.all(herd(`/slow/at-once/${n}`, 200, asWho));
    expect(own.callsAt(`/at-once/${n}`)).toHaveLength(1);
  }
});

test.each([
  ['private', { 'Cache-Control': 'private, max-age=60' }],
  ['no-store', { 'Cache-Control': 'no-store' }],
  ['for any reason', { 'Cache-Control': 'max-age=60', Vary: '*' }],
  ['for each client another', { 'Cache-Control': 'max-age=60', Vary: 'X-Who' }],
])(
  '1,000 clients who joined for an answer that is %s get one each, and none waits for another',
  async (name, fields) => {
    const path = `/own/${name.replaceAll(' ', '-')}`;
    let hand = new Hand(fields);
    own.on(path, ({ headers }, response) => hand.take(response, String(headers['x-who'])));
    const asked = herd(`/slow${path}`, CLIENTS, asWho);
    await vi.waitFor(() => expect(hand.size).toBe(1), WITHIN);
    await askingIsHeard();
    // All but the first: as many at once as may be, before any of them is answered.
    const first = hand;
    hand = new Hand(fields);
    first.release();
    await vi.waitFor(() => expect(hand.size).toBeGreaterThanOrEqual(AT_ONCE), WITHIN);
    hand.release();
    const texts = (await Promise.all(asked)).map(({ text }) => text);
    expect(texts).toEqual(texts.map((_, i) => `client ${i}`));
    expect(own.callsAt(path)).toHaveLength(CLIENTS);

    // Those who come now do not even wait for a first one.
    hand = new Hand(fields);
    const later = herd(`/slow${path}`, AT_ONCE, (i) => asWho(CLIENTS + i));
    await vi.waitFor(() => expect(hand.size).toBe(AT_ONCE), WITHIN);
    hand.release();
    expect((await Promise.all(later)).map(({ text }) => text)).toEqual(later.map((_, i) => `client ${CLIENTS + i}`));
  },
);

test('where it is known by what answers vary, clients who want the same variant make one call, and do not wait for others', async () => {
  const fields = { 'Cache-Control': 'max-age=60', Vary: 'X-Who' };
  let hand = new Hand(fields);
  own.on('/varying', ({ headers }, response) => hand.take(response, String(headers['x-who'])));
  const asked = herd('/slow/varying', 2, asWho);
  await vi.waitFor(() => expect(hand.size).toBe(1), WITHIN);
  await askingIsHeard();
  hand.release();
  await Promise.all(asked);
  hand = new Hand(fields);
  const later = herd('/slow/varying', 300, (i) => asWho(10 + (i % 3)));
  await vi.waitFor(() => expect(hand.size).toBe(3), WITHIN);
  await askingIsHeard();
  expect(hand.size).toBe(3);
  hand.release();
  const answers = await Promise.all(later);
  expect(answers.map(({ text }) => text)).toEqual(later.map((_, i) => `client ${10 + (i % 3)}`));
  expect(answers.filter((answer) => cacheStatusOf(answer).endsWith('; collapsed')).length).toBeGreaterThan(150);
});
