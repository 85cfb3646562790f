import { Axios } from 'axios';
import type { AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { fieldsFromRaw, isSafe, urlOf } from '#core';
import type { Fields } from '#core';
import type { Clock } from '#runtime';
import { AttemptError, failureOf } from './fetch-outcome.js';
import type { FetchOutcome } from './fetch-outcome.js';
import { hadAnswered, routeOf } from './route/upstream.client.js';
import type { Proxy, Route, RouteOptions } from './route/upstream.client.js';

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

  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly request: UpstreamRequest,
    private readonly options: ClientOptions,
  ) {}

  /** Asked when there is a connection. */
  refusal(): Error | undefined {
    // What was taken back while it waited for a connection is undici's to drop only now.
    if (this.request.signal?.aborted === true) return new AttemptError('PENSTOCK_TAKEN_BACK');
    return this.request.mayLeave() ? undefined : new AttemptError('PENSTOCK_MAY_NOT_LEAVE');
  }

  leave(abort: (error?: Error) => void): void {
    this.leftAt = this.options.clock.now();
    this.#timer = setTimeout(() => abort(new AttemptError('UND_ERR_HEADERS_TIMEOUT')), this.options.responseTimeoutMs);
  }

  /** The head of an answer is there, or there will be none. */
  headEnds(): void {
    clearTimeout(this.#timer);
  }
}

interface Attempt extends InternalAxiosRequestConfig {
  readonly attempt: AttemptOrder;
}

/** What comes back. axios would make an object of its own of the fields, and lose their order and repetitions. */
interface Exchanged {
  readonly fields: Fields;
  readonly body: Uint8Array;
}

export function createUpstreamClient(options: ClientOptions): UpstreamClient {
  const route = routeOf(options);
  const kept = createAgent(route, options, 1);
  // For the one call whose kept connection proved closed: without pipelining a connection is not kept, and so always fresh.
  const fresh = createAgent(route, options, 0);
  const [overKept, overFresh] = [createAxios(kept, route, options), createAxios(fresh, route, options)];
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
  return { kind: 'answered', status, ...data, requestedAt, receivedAt: clock.now() };
}

function failed(error: unknown, { request, leftAt }: AttemptOrder): FetchOutcome {
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
  return clock.now() - leftAt <= STALE_WITHIN_MS && hadAnswered(error);
}

function createAgent(route: Route, options: ClientOptions, pipelining: 0 | 1): AskingAgent {
  return new AskingAgent({
    connections: options.connections,
    pipelining,
    // Ours: undici's begins anew with each interim answer, and is late by up to a second.
    headersTimeout: 0,
    bodyTimeout: options.bodyTimeoutMs,
    maxHeaderSize: MAX_FIELD_BYTES,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: LONGEST_IDLE_MS,
    keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
    connect: route.connect,
  });
}

/** Asks once more when a request has its connection and is about to be written. */
class AskingAgent extends Agent {
  override dispatch(
    options: Dispatcher.DispatchOptions & { order?: AttemptOrder },
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const { order } = options;
    const { onConnect } = handler;
    handler.onConnect = (abort): void => {
      const refusal = order?.refusal();
      if (refusal !== undefined) return abort(refusal);
      order?.leave(abort);
      onConnect?.call(handler, abort);
    };
    handler.onResponseStarted = (): void => {
      if (order !== undefined) order.isAnswered = true;
    };
    return super.dispatch(options, handler);
  }
}

/**
 * axios does what a team knows it for (interceptors, one place for defaults); the work is undici's, at a fifth of the cost. Made without
 * the defaults of `axios.create`, which are merged into every call and concern what its own adapters do.
 */
function createAxios(agent: Agent, route: Route, options: ClientOptions): Axios {
  const adapter = (config: InternalAxiosRequestConfig): Promise<AxiosResponse<Exchanged>> =>
    attempt(agent, config as Attempt, route, options);
  return new Axios({ adapter, headers: {} as never });
}

async function attempt(
  agent: Agent,
  config: Attempt,
  { forward }: Route,
  options: ClientOptions,
): Promise<AxiosResponse<Exchanged>> {
  const { request } = config.attempt;
  const abort = new AbortController();
  const takenBack = whenTakenBack(request.signal, abort);
  try {
    const asked = agent.request({
      ...placed(config.url ?? '', request, forward),
      method: (config.method ?? 'GET').toUpperCase() as Dispatcher.HttpMethod,
      body: request.body.byteLength === 0 ? null : request.body,
      responseHeaders: 'raw',
      signal: abort.signal,
      ...{ order: config.attempt },
    });
    const answer = await (takenBack === undefined ? asked : Promise.race([asked, takenBack.promise]));
    config.attempt.headEnds();
    if (forward !== undefined && answer.statusCode === 407) return refusedByProxy(abort);
    const body = await readBody(answer.body, abort, options);
    const fields = fieldsFromRaw(rawStrings(answer.headers));
    return { data: { fields, body }, status: answer.statusCode, statusText: '', headers: {}, config };
  } finally {
    config.attempt.headEnds();
    takenBack?.forget();
  }
}

/** Ends the exchange when its signal says so; the promise is for what undici does not end at once: a call that waits for a connection. */
function whenTakenBack(
  signal: AbortSignal | undefined,
  abort: AbortController,
): { readonly promise: Promise<never>; forget(): void } | undefined {
  if (signal === undefined) return undefined;
  const { promise, reject } = withReject();
  const takeBack = (): void => {
    const refusal = new AttemptError('PENSTOCK_TAKEN_BACK');
    abort.abort(refusal);
    reject(refusal);
  };
  signal.addEventListener('abort', takeBack, { once: true });
  if (signal.aborted) takeBack();
  return { promise, forget: () => signal.removeEventListener('abort', takeBack) };
}

function withReject(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => (reject = refuse));
  // Nobody may be waiting for it any more when it comes.
  promise.catch(() => undefined);
  return { promise, reject };
}

// RFC 9110 15.5.8: a 407 is said by the proxy to us; whoever called us has no password for it.
function refusedByProxy(abort: AbortController): never {
  const refusal = new AttemptError('PENSTOCK_PROXY_REFUSED');
  abort.abort(refusal);
  throw refusal;
}

/** The URL class would normalise the path; it is sent byte for byte. */
function placed(
  url: string,
  { fields }: UpstreamRequest,
  forward: Proxy | undefined,
): { origin: string; path: string; headers: string[] } {
  const { origin, host } = new URL(url);
  const path = url.slice(origin.length) || '/';
  if (forward === undefined) return { origin, path, headers: fields.flat() };
  const said = forward.authorization === undefined ? [] : ['Proxy-Authorization', forward.authorization];
  return { origin: forward.url.origin, path: origin + path, headers: [...fields.flat(), 'Host', host, ...said] };
}

/** With `responseHeaders: 'raw'` undici gives a flat list of names and values, whatever its type says. */
function rawStrings(raw: unknown): string[] {
  return (raw as (string | Uint8Array)[]).map((part) =>
    typeof part === 'string' ? part : Buffer.from(part).toString('latin1'),
  );
}

async function readBody(
  stream: AsyncIterable<Uint8Array>,
  abort: AbortController,
  { maxBodyBytes, bodyTimeoutMs }: ClientOptions,
): Promise<Uint8Array> {
  let refusal: AttemptError | undefined;
  const refuse = (code: 'PENSTOCK_BODY_TIMEOUT' | 'PENSTOCK_TOO_LARGE'): void => {
    refusal ??= new AttemptError(code);
    abort.abort(refusal);
  };
  const timer = setTimeout(() => refuse('PENSTOCK_BODY_TIMEOUT'), bodyTimeoutMs);
  try {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of stream) {
      bytes += chunk.byteLength;
      if (bytes > maxBodyBytes) refuse('PENSTOCK_TOO_LARGE');
      if (refusal !== undefined) throw refusal;
      chunks.push(chunk);
    }
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  } catch (error) {
    throw refusal ?? error;
  } finally {
    clearTimeout(timer);
  }
}
