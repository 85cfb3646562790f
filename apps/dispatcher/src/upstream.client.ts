import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Axios } from 'axios';
import type { AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { fieldsFromRaw, urlOf } from '#core';
import type { Fields } from '#core';
import { isPrivateAddress } from '#contracts';
import type { Clock } from '#runtime';
import { AttemptError, failureOf } from './fetch-outcome.js';
import type { FetchOutcome } from './fetch-outcome.js';

export interface ClientOptions {
  readonly baseUrl: string;
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly maxBodyBytes: number;
  readonly allowPrivateAddresses: boolean;
  readonly clock: Clock;
}

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** Asked in the very tick in which it is written: between the order to send and that tick there may be a connection to make, and a stall. */
  mayLeave(): boolean;
}

/** The one door to an upstream. */
export interface UpstreamClient {
  /** Exactly one attempt. Never throws: what goes wrong is an outcome. Follows no redirect. */
  send(request: UpstreamRequest): Promise<FetchOutcome>;
  close(): Promise<void>;
}

const MAX_FIELD_BYTES = 64 * 1024;

/**
 * What the adapter is told besides what axios knows. axios hands unknown keys on, but copies plain objects through and through, a call's
 * whole list of fields with them: an object of a class of its own goes through as it is.
 */
class AttemptOrder {
  constructor(readonly request: UpstreamRequest) {}
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
  const agent = new AskingAgent({
    connections: options.connections,
    pipelining: 1,
    headersTimeout: options.responseTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    maxHeaderSize: MAX_FIELD_BYTES,
    connect: { timeout: options.connectTimeoutMs, lookup: guardedLookup(options.allowPrivateAddresses) },
  });
  const http = createAxios(agent, options);
  return {
    async send(request) {
      const requestedAt = options.clock.now();
      try {
        const { status, data } = await http.request<Exchanged>({
          method: request.method,
          url: urlOf(options.baseUrl, request.path),
          attempt: new AttemptOrder(request),
        } as never);
        return { kind: 'answered', status, ...data, requestedAt, receivedAt: options.clock.now() };
      } catch (error) {
        return failureOf(error);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Asks once more when a request has its connection and is about to be written. */
class AskingAgent extends Agent {
  override dispatch(
    options: Dispatcher.DispatchOptions & { mayLeave?: () => boolean },
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const { onConnect } = handler;
    handler.onConnect = (abort): void => {
      if (options.mayLeave?.() === false) abort(new AttemptError('PENSTOCK_MAY_NOT_LEAVE'));
      else onConnect?.call(handler, abort);
    };
    return super.dispatch(options, handler);
  }
}

/**
 * axios does what a team knows it for (interceptors, one place for defaults); the work is undici's, at a fifth of the cost. Made without
 * the defaults of `axios.create`, which are merged into every call and concern what its own adapters do.
 */
function createAxios(agent: Agent, options: ClientOptions): Axios {
  return new Axios({ adapter: (config) => attempt(agent, config as Attempt, options), headers: {} as never });
}

async function attempt(agent: Agent, config: Attempt, options: ClientOptions): Promise<AxiosResponse<Exchanged>> {
  const url = new URL(config.url ?? '');
  const { fields, body, mayLeave } = config.attempt.request;
  const abort = new AbortController();
  const answer = await agent.request({
    origin: url.origin,
    // The URL class would normalise the path; it is sent byte for byte.
    path: (config.url ?? '').slice(url.origin.length) || '/',
    method: (config.method ?? 'GET').toUpperCase() as Dispatcher.HttpMethod,
    headers: fields.flat(),
    body: body.byteLength === 0 ? null : body,
    responseHeaders: 'raw',
    signal: abort.signal,
    ...{ mayLeave },
  });
  const received = await readBody(answer.body, abort, options);
  return {
    data: { fields: fieldsFromRaw(rawStrings(answer.headers)), body: received },
    status: answer.statusCode,
    statusText: '',
    headers: {},
    config,
  };
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
