import { Axios } from 'axios';
import type { AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { isSafe, urlOf } from '#core';
import type { Fields } from '#core';
import type { FlowingBody } from '#bus';
import type { Clock } from '#runtime';
import { AttemptError, failureOf, isUploadBroken } from './fetch-outcome.js';
import type { FetchOutcome } from './fetch-outcome.js';
import { Exchange } from './route/exchange.js';
import type { Exchanged } from './route/exchange.js';
import { hadAnswered, routeOf } from './route/upstream.client.js';
import type { Route, RouteOptions } from './route/upstream.client.js';

export interface ClientOptions extends RouteOptions {
  readonly connections: number;
  readonly responseTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly maxBodyBytes: number;
  readonly clock: Clock;
}

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** Instead of it, where it comes as it is read: once. */
  readonly upload?: FlowingBody | undefined;
  /** Asked once the answer proves larger than is kept: whether someone takes it as it comes. Absent: nobody does. */
  takesFlow?(): boolean;
  /** Asked in the very tick in which it is written: between the order to send and that tick there may be a connection to make, and a stall. */
  mayLeave(): boolean;
  /** Takes the call back, wherever it is: its connection is closed, and the outcome is one that was abandoned. */
  readonly signal?: AbortSignal;
}

/** The one door to an upstream. */
export interface UpstreamClient {
  /** Exactly one attempt. Never throws: what goes wrong is an outcome. Follows no redirect. */
  send(request: UpstreamRequest): Promise<FetchOutcome>;
  close(): Promise<void>;
}

const NO_HEADERS = {};
const MAX_FIELD_BYTES = 64 * 1024;
/** Less than what servers keep an idle connection for by themselves (Node 5 s, Apache 5 s, nginx 75 s). What one tells by Keep-Alive goes before. */
const IDLE_MS = 4_000;
/** However long a server offers to keep it: what stands between forgets an idle connection sooner. */
const LONGEST_IDLE_MS = 60_000;
/** So much earlier than the server says it closes. */
const IDLE_MARGIN_MS = 2_000;
/** A connection that the server had closed already shows it within one way there and back. */
const STALE_WITHIN_MS = 1_000;

/**
 * What the adapter is told besides what axios knows. axios hands unknown keys on, but copies plain objects through and through, a call's
 * whole list of fields with them: an object of a class of its own goes through as it is.
 */
class AttemptOrder {
  /** When its bytes were written, by the clock that answers are dated with. */
  leftAt: number | undefined;
  /** Whether a first byte of an answer came. */
  isAnswered = false;

  constructor(
    readonly request: UpstreamRequest,
    private readonly options: ClientOptions,
  ) {}

  /** Asked when there is a connection. */
  refusal(): Error | undefined {
    return this.request.mayLeave() ? undefined : new AttemptError('PENSTOCK_MAY_NOT_LEAVE');
  }

  left(): void {
    this.leftAt = this.options.clock.now();
  }

  answers(): void {
    this.isAnswered = true;
  }

  takesFlow(): boolean {
    return this.request.takesFlow?.() ?? false;
  }
}

interface Attempt extends InternalAxiosRequestConfig {
  readonly attempt: AttemptOrder;
}

export function createUpstreamClient(options: ClientOptions): UpstreamClient {
  const route = routeOf(options);
  const destination = destinationOf(options.baseUrl, route);
  const kept = createPool(destination, route, options, 1);
  // For the one call whose kept connection proved closed: without pipelining a connection is not kept, and so always fresh.
  const fresh = createPool(destination, route, options, 0);
  const [overKept, overFresh] = [createAxios(kept, destination, options), createAxios(fresh, destination, options)];
  return {
    async send(request) {
      const requestedAt = options.clock.now();
      const order = new AttemptOrder(request, options);
      try {
        return answeredOf(await ask(overKept, order, options), requestedAt, options.clock);
      } catch (error) {
        if (!isStale(error, order, options.clock)) return failed(error, order);
      }
      try {
        return answeredOf(await ask(overFresh, order, options), requestedAt, options.clock);
      } catch (error) {
        return failed(error, order);
      }
    },
    close: async () => void (await Promise.all([kept.destroy(), fresh.destroy()])),
  };
}

function ask(http: Axios, order: AttemptOrder, { baseUrl }: ClientOptions): Promise<AxiosResponse<Exchanged>> {
  const { method, path } = order.request;
  return http.request<Exchanged>({ method, url: urlOf(baseUrl, path), attempt: order } as never);
}

function answeredOf({ status, data }: AxiosResponse<Exchanged>, requestedAt: number, clock: Clock): FetchOutcome {
  const { fields, body, flow } = data;
  return { kind: 'answered', status, fields, body, flow, requestedAt, receivedAt: clock.now() };
}

function failed(error: unknown, { request, leftAt }: AttemptOrder): FetchOutcome {
  // Nothing that the upstream did.
  if (isUploadBroken(error)) return { ...failureOf(error), sent: leftAt !== undefined, abandoned: true };
  if (request.signal?.aborted !== true) return failureOf(error);
  const takenBack = failureOf(new AttemptError('PENSTOCK_TAKEN_BACK'));
  return { ...takenBack, sent: leftAt !== undefined, abandoned: true };
}

/**
 * RFC 9112 9.3.1: "A client MAY automatically retry [...] if the connection was closed before a response": when a server closes an idle
 * connection at the moment in which we write to it, it has not seen the call. Safe methods only: whether a PUT or a DELETE may go again
 * depends on what else was sent to its URL, which is not known here. Later than that the server may have been at work on it.
 */
function isStale(error: unknown, { request, leftAt, isAnswered }: AttemptOrder, clock: Clock): boolean {
  if (leftAt === undefined || isAnswered || request.signal?.aborted === true || !isSafe(request.method)) return false;
  if (request.upload?.isTouched() === true) return false;
  return clock.now() - leftAt <= STALE_WITHIN_MS && hadAnswered(error);
}

function createPool(destination: Destination, route: Route, options: ClientOptions, pipelining: 0 | 1): Pool {
  return new Pool(destination.origin, {
    connections: options.connections,
    pipelining,
    // Ours: undici's begin anew with each interim answer or piece, and are late by up to a second.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_FIELD_BYTES,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: LONGEST_IDLE_MS,
    keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
    connect: route.connect,
  });
}

/**
 * axios does what a team knows it for (interceptors, one place for defaults); the work is undici's, at a fifth of the cost. Made without
 * the defaults of `axios.create`, which are merged into every call and concern what its own adapters do.
 */
function createAxios(pool: Pool, destination: Destination, options: ClientOptions): Axios {
  const adapter = (config: InternalAxiosRequestConfig): Promise<AxiosResponse<Exchanged>> =>
    attempt(pool, config as Attempt, destination, options);
  return new Axios({ adapter });
}

async function attempt(
  pool: Pool,
  config: Attempt,
  destination: Destination,
  options: ClientOptions,
): Promise<AxiosResponse<Exchanged>> {
  const { request } = config.attempt;
  const exchange = new Exchange(config.attempt, options);
  const forget = request.signal === undefined ? undefined : whenTakenBack(request.signal, exchange);
  try {
    // undici's type of a handler speaks of its newer form; this one is the one that tells fields as they came.
    pool.dispatch(placed(config.url ?? '', request, destination, exchange), exchange as never);
    const data = await exchange.ended;
    // RFC 9110 15.5.8: a 407 is said by the proxy to us; whoever called us has no password for it.
    if (destination.forward !== undefined && data.status === 407) {
      data.flow?.drop();
      throw new AttemptError('PENSTOCK_PROXY_REFUSED');
    }
    return { data, status: data.status, statusText: '', headers: NO_HEADERS, config };
  } finally {
    forget?.();
  }
}

/** Ends the exchange when its signal says so. */
function whenTakenBack(signal: AbortSignal, exchange: Exchange): () => void {
  const takeBack = (): void => exchange.refuse(new AttemptError('PENSTOCK_TAKEN_BACK'));
  signal.addEventListener('abort', takeBack, { once: true });
  if (signal.aborted) takeBack();
  return () => signal.removeEventListener('abort', takeBack);
}

/** Where calls are sent, worked out once. */
interface Destination {
  /** Of the upstream, or of the proxy that is asked for whole URLs. */
  readonly origin: string;
  readonly forward: Forward | undefined;
  /** How much of a URL is not sent. */
  readonly leftOut: number;
}

interface Forward {
  readonly fields: readonly string[];
}

function destinationOf(baseUrl: string, { forward }: Route): Destination {
  const { origin, host } = new URL(baseUrl);
  if (forward === undefined) return { origin, forward: undefined, leftOut: origin.length };
  const said = forward.authorization === undefined ? [] : ['Proxy-Authorization', forward.authorization];
  // RFC 9112 3.2.2: a proxy is asked in absolute form.
  return { origin: forward.url.origin, forward: { fields: ['Host', host, ...said] }, leftOut: 0 };
}

/** The URL class would normalise the path; it is sent byte for byte. */
function placed(
  url: string,
  { method, fields, body, upload }: UpstreamRequest,
  { origin, forward, leftOut }: Destination,
  exchange: Exchange,
): Dispatcher.DispatchOptions {
  const headers: string[] = [];
  for (const [name, value] of fields) headers.push(name, value);
  if (forward !== undefined) headers.push(...forward.fields);
  // Without a length undici sends it chunked.
  if (upload !== undefined && upload.bytes !== null) headers.push('Content-Length', String(upload.bytes));
  return {
    origin,
    path: url.slice(leftOut) || '/',
    method: method as Dispatcher.HttpMethod,
    headers,
    body: upload === undefined ? (body.byteLength === 0 ? null : body) : uploading(upload, exchange),
  };
}

/** An async iterable is a body to undici, if not to its types. */
function uploading(upload: FlowingBody, exchange: Exchange): null {
  exchange.uploads(upload);
  return exchange.sending(upload) as never;
}
