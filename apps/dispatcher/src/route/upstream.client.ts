import { lookup } from 'node:dns';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import { buildConnector } from 'undici';
import { isPrivateAddress } from '#contracts';
import { AttemptError } from '../fetch-outcome.js';

export interface RouteOptions {
  readonly baseUrl: string;
  readonly connectTimeoutMs: number;
  readonly allowPrivateAddresses: boolean;
  /** The URL of an HTTP proxy, with user and password where it asks for them. */
  readonly proxy?: string | undefined;
  /** Certificates (PEM) of which one must have signed the upstream's, instead of those that the system believes. */
  readonly ca?: string | undefined;
}

/** A proxy on the way to an upstream. */
export interface Proxy {
  readonly url: URL;
  /** What it asks of us, from the user and password in its URL. */
  readonly authorization: string | undefined;
}

/** How calls get to the upstream: the origin that is connected to, and how. */
export interface Route {
  readonly connect: buildConnector.connector;
  /** An upstream without TLS: the proxy is asked for whole URLs (RFC 9112 3.2.2). */
  readonly forward: Proxy | undefined;
}

export function routeOf({ baseUrl, proxy, ca, connectTimeoutMs, allowPrivateAddresses }: RouteOptions): Route {
  const tls = { timeout: connectTimeoutMs, ...(ca !== undefined && { ca }) };
  if (proxy === undefined) {
    const connect = buildConnector({ ...tls, lookup: guardedLookup(allowPrivateAddresses) });
    return { connect: watched(connect), forward: undefined };
  }
  // Where the names of upstreams lead is for the proxy to look up, and to refuse.
  const through = proxyOf(proxy);
  if (new URL(baseUrl).protocol === 'https:')
    return { connect: tunnelled(through, buildConnector(tls), connectTimeoutMs), forward: undefined };
  return { connect: watched(toProxy(buildConnector({ timeout: connectTimeoutMs }))), forward: through };
}

/** undici's connectors give back the socket at once, though their type does not say so. */
function watched(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const socket = connect(options, callback) as unknown;
    watch(socket as Socket | undefined);
    return socket as never;
  };
}

function watch(socket: Socket | undefined): void {
  socket?.on('error', (error) => readBefore.set(error, socket.bytesRead));
}

function toProxy(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error === null) return callback(null, socket as Socket);
      callback(
        codeOfError(error) === 'UND_ERR_CONNECT_TIMEOUT' ? error : new AttemptError('PENSTOCK_PROXY_AWAY'),
        null,
      );
    });
}

function codeOfError(error: Error): unknown {
  return (error as NodeJS.ErrnoException).code;
}

function tunnelled(proxy: Proxy, connect: buildConnector.connector, timeoutMs: number): buildConnector.connector {
  return (options, callback) => {
    openTunnel(proxy, `${options.hostname}:${options.port === '' ? '443' : options.port}`, timeoutMs).then(
      (httpSocket) => watched(connect)({ ...options, httpSocket }, callback),
      (error: Error) => callback(error, null),
    );
  };
}

/** How much had been read from a connection when it broke, by the error that told it. */
const readBefore = new WeakMap<object, number>();

/** Whether the connection had brought an earlier answer. */
export function hadAnswered(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { socket } = error as { socket?: { bytesRead?: number } | null };
  return (readBefore.get(error) ?? socket?.bytesRead ?? 0) > 0;
}

function proxyOf(text: string): Proxy {
  const url = new URL(text);
  const { username, password } = url;
  if (username === '' && password === '') return { url, authorization: undefined };
  // RFC 7617 2: user-id, a colon and the password, in UTF-8.
  const pair = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`, 'utf8');
  return { url, authorization: `Basic ${pair.toString('base64')}` };
}

/** RFC 9110 9.3.6: a socket through which the proxy passes bytes on unread; what is wrong with it is told of the proxy. */
function openTunnel({ url, authorization }: Proxy, target: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asked = (url.protocol === 'https:' ? tlsRequest : plainRequest)({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
      method: 'CONNECT',
      path: target,
      headers: { Host: target, ...(authorization !== undefined && { 'Proxy-Authorization': authorization }) },
      agent: false,
    });
    const timer = setTimeout(() => asked.destroy(new AttemptError('UND_ERR_CONNECT_TIMEOUT')), timeoutMs);
    asked.once('connect', (answer, socket, head) => {
      clearTimeout(timer);
      // An upstream that speaks before it was spoken to is none of TLS.
      const isOpen = answer.statusCode !== undefined && answer.statusCode >= 200 && answer.statusCode < 300;
      if (isOpen && head.byteLength === 0) return resolve(socket);
      socket.destroy();
      reject(new AttemptError('PENSTOCK_PROXY_REFUSED'));
    });
    asked.once('error', (error) => {
      clearTimeout(timer);
      reject(error instanceof AttemptError ? error : new AttemptError('PENSTOCK_PROXY_AWAY'));
    });
    asked.end();
  });
}

/** Private addresses are refused after the name was resolved and before a socket is opened, so that no name can point inside. */
function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, lookupOptions, callback) => {
    lookup(hostname, { ...lookupOptions, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = allowPrivate ? addresses : addresses.filter(({ address }) => !isPrivateAddress(address));
      const [first] = allowed;
      if (first === undefined) return callback(new AttemptError('PENSTOCK_PRIVATE_ADDRESS'), '', 0);
      if (lookupOptions.all === true) return callback(null, allowed as never, 0);
      return callback(null, first.address, first.family);
    });
  };
}
