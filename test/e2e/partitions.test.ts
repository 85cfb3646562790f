import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { withClient } from '../../apps/stack/src/postgres.js';
import { ask, cacheStatusOf, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

const SECRET = 'secret-of-the-upstream-7f3a';
const config = (url: string): string => `
upstreams:
  open:
    baseUrl: ${url}
    limits: { windows: [{ limit: 1000, per: 1s }], concurrency: 64 }
  keyed:
    baseUrl: ${url}
    limits: { windows: [{ limit: 1000, per: 1s }], concurrency: 64 }
    credentials: { header: X-Api-Key, value: "Key \${OWN_UPSTREAM_KEY}" }
`;
const SLOW_MS = 300;

let own: OwnUpstream;
let stack: OpenStack;
beforeAll(async () => {
  own = await startOwnUpstream();
  const env = { OWN_UPSTREAM_KEY: SECRET };
  stack = await openStack('partitions', {
    ...{ config: config(own.url), demo: false, env },
    replicas: { 'cache-api': 2, scheduler: 0, refresher: 0 },
  });
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});

const get = (target: string, headers: Record<string, string> = {}, replica = 0): Promise<Answered> =>
  ask(stack.dataUrls[replica] ?? '', target, { headers });
const many = (count: number, one: (i: number) => Promise<Answered>): Promise<Answered[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => one(i)));

/** Answers late, so that those who ask meanwhile have something to join. */
function answerLate(
  prefix: string,
  fields: Record<string, string>,
  text: (of: { nth: number; who: string }) => string,
): void {
  own.on(prefix, ({ nth, headers }, response) => {
    const body = text({ nth, who: headers.authorization ?? 'nobody' });
    setTimeout(() => response.writeHead(200, fields).end(body), SLOW_MS);
  });
}

test('two clients with credentials of their own get answers of their own, each joined among themselves', async () => {
  answerLate('/mine', { 'Cache-Control': 'max-age=60' }, ({ who }) => `for ${who}`);
  const asWho = (i: number): string => (i % 2 === 0 ? 'Bearer anna' : 'Bearer bert');
  const answers = await many(100, (i) => get('/open/mine', { Authorization: asWho(i) }, i % 4 < 2 ? 0 : 1));
  expect(answers.map(({ text }) => text)).toEqual(answers.map((_, i) => `for ${asWho(i)}`));
  expect(own.callsAt('/mine')).toHaveLength(2);
  expect(cacheStatusOf(await get('/open/mine', { Authorization: 'Bearer anna' }))).toMatch(/^hit; /);
  expect((await get('/open/mine', { Authorization: 'Bearer carl' })).text).toBe('for Bearer carl');
});

test('variants are told apart by the fields that Vary names', async () => {
  own.on('/greeting', ({ headers }, response) =>
    response
      .writeHead(200, { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' })
      .end(headers['accept-language'] === 'de' ? 'Guten Tag' : 'Good day'),
  );
  expect((await get('/open/greeting', { 'Accept-Language': 'en' })).text).toBe('Good day');
  const german = await get('/open/greeting', { 'Accept-Language': 'de' });
  expect(german.text).toBe('Guten Tag');
  expect(cacheStatusOf(german)).toBe('fwd=vary-miss; fwd-status=200; stored');
  for (const [language, text] of Object.entries({ en: 'Good day', de: 'Guten Tag' })) {
    for (const replica of [0, 1]) {
      const again = (): Promise<Answered> => get('/open/greeting', { 'Accept-Language': language }, replica);
      // The other replica knows of it once it is committed.
      await vi.waitFor(async () => expect(cacheStatusOf(await again())).toMatch(/^hit; /));
      expect((await again()).text).toBe(text);
    }
  }
});

test('clients who joined for a variant that turns out to be another get one of their own', async () => {
  own.on('/joined-greeting', ({ headers }, response) => {
    const fields = { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' };
    setTimeout(() => response.writeHead(200, fields).end(`in ${headers['accept-language']}`), SLOW_MS);
  });
  const languages = ['en', 'de', 'fr'];
  const answers = await many(30, (i) =>
    get('/open/joined-greeting', { 'Accept-Language': languages[i % 3] ?? '' }, i % 2),
  );
  expect(answers.map(({ text }) => text)).toEqual(answers.map((_, i) => `in ${languages[i % 3]}`));
});

const unshared: [what: string, fields: Record<string, string>][] = [
  ['no-store', { 'Cache-Control': 'no-store' }],
  ['private', { 'Cache-Control': 'private, max-age=60' }],
  ['with a Set-Cookie', { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'session=1' }],
];

test.each(unshared)('an answer that is %s is never given to those who joined', async (what, fields) => {
  const target = `/unshared-${what.replaceAll(' ', '-')}`;
  answerLate(target, fields, ({ nth }) => `answer ${nth}`);
  const answers = await many(20, (i) => get(`/open${target}`, {}, i % 2));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(20);
  for (const answer of answers) expect(cacheStatusOf(answer)).toBe('fwd=uri-miss; fwd-status=200');
  expect(own.callsAt(target)).toHaveLength(20);
});

test('a private answer is kept for the client whose credentials brought it', async () => {
  answerLate('/my-page', { 'Cache-Control': 'private, max-age=60' }, ({ who, nth }) => `${who} ${nth}`);
  await get('/open/my-page', { Authorization: 'Bearer anna' });
  const again = await get('/open/my-page', { Authorization: 'Bearer anna' });
  expect(again.text).toBe('Bearer anna 1');
  expect(cacheStatusOf(again)).toMatch(/^hit; /);
  expect((await get('/open/my-page', { Authorization: 'Bearer bert' })).text).toBe('Bearer bert 2');
});

test("with a credential of the upstream's own, those of clients are removed, and all share one entry", async () => {
  own.on('/keyed', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('shared'));
  const headers = {
    Authorization: 'Bearer anna',
    Cookie: 'a=1',
    'X-Session-Id': 's',
    'X-Api-Key': 'mine',
    'X-Plain': 'kept',
  };
  await get('/keyed/keyed', headers);
  expect(cacheStatusOf(await get('/keyed/keyed', { Authorization: 'Bearer bert' }, 1))).toMatch(/^hit; /);
  const [call] = own.callsAt('/keyed');
  expect(call?.headers).toMatchObject({ 'x-api-key': `Key ${SECRET}`, 'x-plain': 'kept' });
  for (const name of ['authorization', 'cookie', 'x-session-id']) expect(call?.headers[name]).toBeUndefined();
});

test('the credential of an upstream stands in no message, no row and no log', async () => {
  const messages = await wiretap();
  own.on('/watched', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('ok'));
  expect((await get('/keyed/watched')).status).toBe(200);
  expect((await ask(stack.dataUrl, '/keyed/watched', { method: 'POST', body: 'x' })).status).toBe(200);
  expect((await get('/keyed/watched')).status).toBe(200);
  expect(own.callsAt('/watched').every(({ headers }) => headers['x-api-key'] === `Key ${SECRET}`)).toBe(true);

  const heard = messages();
  expect(heard).toContain('/watched');
  expect(heard).not.toContain(SECRET);
  for (const [where, text] of Object.entries({ ...(await rows()), ...logs(), streams: await streams() }))
    expect(text.includes(SECRET), where).toBe(false);
});

test('a credential in the query makes a partition, and stands in no row, no log and no stream', async () => {
  own.on('/by-query', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('ok'));
  const target = (key: string): string => `/open/by-query?api_key=${key}&page=2`;
  expect((await get(target('query-secret-40c7'))).status).toBe(200);
  expect(own.calls.at(-1)?.target).toBe('/by-query?api_key=query-secret-40c7&page=2');
  expect(cacheStatusOf(await get(target('query-secret-40c7')))).toMatch(/^hit; /);
  expect(cacheStatusOf(await get(target('another')))).toMatch(/^fwd=uri-miss/);
  expect((await ask(stack.dataUrl, target('query-secret-40c7'), { method: 'POST', body: 'x' })).status).toBe(200);
  await vi.waitFor(async () => expect(Object.values(await rows()).join('')).toContain('api_key=***&page=2'));
  const held = { ...(await rows()), ...logs(), streams: await streams() };
  for (const [where, text] of Object.entries(held)) expect(text.includes('query-secret-40c7'), where).toBe(false);
});

test("a client's credentials stand in no row, no log and no stream", async () => {
  const credential = 'Bearer client-secret-91b2';
  answerLate('/whose', { 'Cache-Control': 'max-age=60', Vary: 'Authorization' }, ({ who }) => `${who.length}`);
  const headers = { Authorization: credential };
  expect(cacheStatusOf(await get('/open/whose', headers))).toMatch(/; stored$/);
  expect(cacheStatusOf(await get('/open/whose', headers))).toMatch(/^hit; /);
  for (const [where, text] of Object.entries({ ...(await rows()), ...logs(), streams: await streams() }))
    expect(text.includes('client-secret-91b2'), where).toBe(false);
});

/** All that passes through the bus from now on, as text. */
async function wiretap(): Promise<() => string> {
  const nc = await connect({ servers: stack.natsUrl });
  onTestFinished(() => nc.close());
  const heard: string[] = [];
  nc.subscribe('>', {
    callback: (_, { subject, data }) => void heard.push(subject, Buffer.from(data).toString('latin1')),
  });
  await nc.flush();
  return () => heard.join('\n');
}

/** Every message of every stream of this stack. */
async function streams(): Promise<string> {
  const nc = await connect({ servers: stack.natsUrl });
  onTestFinished(() => nc.close());
  const jsm = await jetstreamManager(nc);
  const texts: string[] = [];
  for await (const {
    config: { name },
    state,
  } of jsm.streams.list()) {
    if (!name.includes(stack.namespace)) continue;
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await jsm.streams.getMessage(name, { seq }).catch(() => null);
      if (message !== null) texts.push(message.subject, Buffer.from(message.data).toString('latin1'));
    }
  }
  expect(texts.join('\n')).toContain('event.entry.stored');
  return texts.join('\n');
}

/** Every row of every table, bytes as the text that they may be. */
async function rows(): Promise<Record<string, string>> {
  return withClient(stack.postgresUrl, async (client) => {
    const tables = await client.query<{ name: string }>(
      'select table_name as name from information_schema.tables where table_schema = $1',
      [stack.namespace],
    );
    const texts: Record<string, string> = {};
    for (const { name } of tables.rows) {
      const table = `${client.escapeIdentifier(stack.namespace)}.${client.escapeIdentifier(name)}`;
      const { rows } = await client.query<Record<string, unknown>>(`select * from ${table}`);
      texts[name] = rows.flatMap((row) => Object.values(row).map(textOf)).join('\n');
    }
    expect(Object.keys(texts)).toEqual(expect.arrayContaining(['entry', 'body', 'upstream']));
    return texts;
  });
}

function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value);
}

function logs(): Record<string, string> {
  const folder = join(stack.folder, 'log');
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
