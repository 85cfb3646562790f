import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import axios from 'axios';
import { fetch, ProxyAgent, request, type Dispatcher } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askRaw, cacheStatusOf } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

/** As docs/clients.md shows them: what stands there is what is tested here. */
const HOST = 'api.own.example';
const TOKEN = 'let-me-in';
const run = promisify(execFile);

let own: OwnUpstream;
let stack: OpenStack;
let proxy: URL;
let guarded: URL;
beforeAll(async () => {
  own = await startOwnUpstream();
  own.on('/', ({ method, target, body }, response) => {
    const said = { 'Content-Type': 'text/plain', 'Cache-Control': 'max-age=60' };
    response.writeHead(method === 'POST' ? 201 : 200, said).end(`${method} ${target} ${body.toString()}`);
  });
  stack = await openStack('clients', {
    config: `{ upstreams: { own: { baseUrl: "${own.url}", hosts: [${HOST}], limits: { windows: [{ limit: 1000, per: 1s }] } } } }`,
    demo: false,
    replicas: { 'cache-api': 2, scheduler: 0, refresher: 0 },
    envOf: (name): Record<string, string> => (name === 'cache-api-2' ? { PENSTOCK_ACCESS_TOKEN: TOKEN } : {}),
  });
  [proxy = proxy, guarded = guarded] = stack.dataUrls.map((url) => new URL(url));
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});

interface Got {
  readonly status: number;
  readonly text: string;
  readonly cacheStatus: string;
}

interface Client {
  /** `body`: then it is a POST. */
  ask(through: URL, url: string, options?: { body?: string; token?: string }): Promise<Got>;
}

const told = (status: number, text: string, value: string | null | undefined): Got => ({
  status,
  text,
  cacheStatus: cacheStatusOf({ field: () => value ?? undefined }),
});

/** What a program prints: status, Cache-Status, then the body. */
function printed(stdout: string): Got {
  const [status = '', cacheStatus = '', ...body] = stdout.split('\n');
  return told(Number(status), body.join('\n'), cacheStatus);
}

const curl: Client = {
  async ask({ href }, url, { body, token } = {}) {
    const method = body === undefined ? [] : ['-d', body];
    const access = token === undefined ? [] : ['--proxy-header', `Proxy-Authorization: Bearer ${token}`];
    const format = '%{stderr}%{http_code}\n%header{cache-status}\n';
    const { stdout, stderr } = await run('curl', ['-s', '-x', href, ...access, ...method, '-w', format, url]);
    return printed(stderr + stdout);
  },
};

const withAxios: Client = {
  async ask({ hostname, port }, url, { body, token } = {}) {
    const answer = await axios.request<string>({
      url,
      ...(body === undefined ? {} : { method: 'POST', data: body }),
      proxy: { protocol: 'http', host: hostname, port: Number(port) },
      headers: token === undefined ? {} : { 'Proxy-Authorization': `Bearer ${token}` },
      responseType: 'text',
      validateStatus: null,
    });
    return told(answer.status, answer.data, String(answer.headers['cache-status']));
  },
};

/** For the time of one call: what hangs on an agent is closed with it. */
async function through<T>(
  { href }: URL,
  token: string | undefined,
  use: (dispatcher: Dispatcher) => Promise<T>,
): Promise<T> {
  const access = token === undefined ? {} : { token: `Bearer ${token}` };
  const agent = new ProxyAgent({ uri: href, proxyTunnel: false, ...access });
  return use(agent).finally(() => agent.close());
}

const withUndici: Client = {
  ask: (by, url, { body, token } = {}) =>
    through(by, token, async (dispatcher) => {
      const sent = body === undefined ? {} : ({ method: 'POST', body } as const);
      const answer = await request(url, { dispatcher, ...sent });
      return told(answer.statusCode, await answer.body.text(), String(answer.headers['cache-status']));
    }),
};

const withFetch: Client = {
  ask: (by, url, { body, token } = {}) =>
    through(by, token, async (dispatcher) => {
      const answer = await fetch(url, { dispatcher, ...(body === undefined ? {} : { method: 'POST', body }) });
      return told(answer.status, await answer.text(), answer.headers.get('cache-status'));
    }),
};

const REQUESTS = `
import os, sys, requests
headers = {'Proxy-Authorization': 'Bearer ' + os.environ['TOKEN']} if 'TOKEN' in os.environ else {}
url, body = sys.argv[1], sys.argv[2:]
answer = requests.post(url, data=body[0], headers=headers) if body else requests.get(url, headers=headers)
print(answer.status_code, answer.headers.get('Cache-Status'), answer.text, sep='\\n', end='')
`;

const URLLIB = `
import os, sys, urllib.request, urllib.error
headers = {'Proxy-Authorization': 'Bearer ' + os.environ['TOKEN']} if 'TOKEN' in os.environ else {}
url, body = sys.argv[1], sys.argv[2:]
try:
    answer = urllib.request.urlopen(urllib.request.Request(url, body[0].encode() if body else None, headers))
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.headers['Cache-Status'], answer.read().decode(), sep='\\n', end='')
`;

const python = (script: string): Client => ({
  async ask({ href }, url, { body, token } = {}) {
    const env = { PATH: process.env['PATH'], http_proxy: href, ...(token === undefined ? {} : { TOKEN: token }) };
    const { stdout } = await run('python3', ['-c', script, url, ...(body === undefined ? [] : [body])], { env });
    return printed(stdout);
  },
});

const runs = (program: string, ...args: string[]): Promise<boolean> =>
  run(program, args).then(
    () => true,
    () => false,
  );

/** Those that are on this machine; the libraries come with the tests. */
const programs: [string, Client, boolean][] = [
  ['curl', curl, await runs('curl', '--version')],
  ['urllib', python(URLLIB), await runs('python3', '--version')],
  ['requests', python(REQUESTS), await runs('python3', '-c', 'import requests')],
];
const clients: [string, Client][] = [
  ['axios', withAxios],
  ['undici', withUndici],
  ['fetch', withFetch],
  ...programs.flatMap(([name, client, isHere]): [string, Client][] => (isHere ? [[name, client]] : [])),
];

let asked = 0;

describe.each(clients)('%s', (name, client) => {
  test('reaches a declared host, and the cache in front of it', async () => {
    const target = `/${name}?b=2&a=%2B&nth=${(asked += 1)}`;
    const first = await client.ask(proxy, `http://${HOST}${target}`);
    expect(first).toEqual({
      status: 200,
      text: `GET ${target} `,
      cacheStatus: 'fwd=uri-miss; fwd-status=200; stored',
    });
    const second = await client.ask(proxy, `http://${HOST}${target}`);
    expect(second).toMatchObject({ status: 200, text: first.text });
    expect(second.cacheStatus).toMatch(/^hit; ttl=\d+$/);
    expect(own.callsAt(target)).toHaveLength(1);
  });

  test('posts', async () => {
    const answer = await client.ask(proxy, `http://${HOST}/${name}/notes`, { body: 'a=note' });
    expect(answer).toMatchObject({ status: 201, text: `POST /${name}/notes a=note` });
  });

  test('is told that a host is not declared', async () => {
    const { status, text } = await client.ask(proxy, 'http://other.example/x');
    expect(status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ type: 'urn:penstock:undeclared_host' });
    expect(text).toContain('other.example');
  });

  test('brings the access token where one is wanted', async () => {
    const url = `http://${HOST}/${name}/token`;
    // Some show it as an answer, some throw.
    const refused = client.ask(guarded, url).then(({ status }) => String(status), inWords);
    expect(await refused).toContain('407');
    expect(await client.ask(guarded, url, { token: TOKEN })).toMatchObject({ status: 200 });
    // It is for us, and for nobody else.
    expect(own.callsAt(`/${name}/token`).map(({ headers }) => headers['proxy-authorization'])).toEqual([undefined]);
  });
});

function inWords(error: unknown): string {
  return error instanceof Error ? `${error.message} ${String(error.cause)}` : String(error);
}

test('a tunnel is refused with an explanation of the base-URL and the absolute form', async () => {
  const bytes = `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`;
  const answer = await askRaw(proxy.origin, bytes);
  expect(answer.status).toBe(405);
  expect(answer.field('Allow')).not.toContain('CONNECT');
  const { type, detail } = answer.json<{ type: string; detail: string }>();
  expect(type).toBe('urn:penstock:method_not_supported');
  expect(detail).toContain('http://<penstock>/<upstream>/<path>');
  expect(detail).toContain('GET http://<declared host>/<path>');
});

test('undici tunnels unless it is told not to: then it says that it was refused', async () => {
  const agent = new ProxyAgent(proxy.href);
  const refused = await request(`http://${HOST}/tunnel`, { dispatcher: agent }).catch((error: unknown) => error);
  await agent.close();
  expect(String(refused)).toContain('405');
  expect(own.callsAt('/tunnel')).toEqual([]);
});
