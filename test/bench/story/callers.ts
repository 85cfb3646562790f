import http from 'node:http';
import axios, { AxiosError, type AxiosInstance } from 'axios';
import { Agent, request } from 'undici';
import { cacheClassOf, problemOf, retryAfterMsOf, toldByFailure, type Told } from './told.js';

export interface Call {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** Makes one call and reads its answer to the end. Never rejects. */
export type Caller = (call: Call) => Promise<Told>;

const PATIENCE_MS = 60_000;

/** Through Penstock: a client that has nothing to know. */
export function penstockCaller(origin: string): Caller {
  const dispatcher = new Agent({
    pipelining: 1,
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
    connect: { timeout: 5_000 },
  });
  return async ({ method, path, headers, body }) => {
    try {
      const answer = await request(origin + path, { method, headers, dispatcher, ...(body !== undefined && { body }) });
      const text = answer.statusCode >= 400 ? await answer.body.text() : (await answer.body.dump(), '');
      return toldBy(answer.statusCode, (name) => oneOf(answer.headers[name]), text);
    } catch (error) {
      return toldByFailure(codeOf(error));
    }
  };
}

const ATTEMPTS = 3;
const BACK_OFF_MS = 500;
/** A POST is repeated only where the answer says that it was not taken. */
const NOT_TAKEN = new Set([429, 503]);

/** What a team writes first: a keep-alive axios that tries each call up to three times, 0.5 and 1 s apart. */
export function plainCaller(origin: string): Caller {
  const client = axios.create({
    baseURL: origin,
    httpAgent: new http.Agent({ keepAlive: true }),
    timeout: PATIENCE_MS,
    responseType: 'text',
    transformResponse: (text: string) => text,
    proxy: false,
  });
  return async (call) => {
    let told = await once(client, call);
    for (let attempt = 1; attempt < ATTEMPTS && isWorthRepeating(call, told); attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, BACK_OFF_MS * 2 ** (attempt - 1)));
      told = await once(client, call);
    }
    return told;
  };
}

function isWorthRepeating({ method }: Call, told: Told): boolean {
  if (told.kind !== 'answered') return method === 'GET' || told.kind === 'refused';
  return method === 'GET' ? told.status === 429 || told.status >= 500 : NOT_TAKEN.has(told.status);
}

async function once(client: AxiosInstance, { method, path, headers, body }: Call): Promise<Told> {
  try {
    const answer = await client.request<string>({ method, url: path, headers, data: body, validateStatus: () => true });
    return toldBy(answer.status, (name) => oneOf(answer.headers[name]), answer.data);
  } catch (error) {
    return toldByFailure(error instanceof AxiosError ? (error.code ?? error.message) : String(error));
  }
}

function toldBy(status: number, field: (name: string) => string | undefined, text: string): Told {
  const cache = cacheClassOf(field('cache-status'));
  const retryAfterMs = retryAfterMsOf(field('retry-after'), Date.now());
  return { kind: 'answered', status, cache, retryAfterMs, problem: problemOf(field('content-type'), text) };
}

function oneOf(field: unknown): string | undefined {
  const value: unknown = Array.isArray(field) ? field.join(', ') : field;
  return value === undefined || value === null ? undefined : String(value);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
