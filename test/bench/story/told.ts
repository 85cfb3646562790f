/** What a client was told about one call. */
export type Told =
  | { kind: 'answered'; status: number; cache: CacheClass; retryAfterMs: number | null; problem: Problem | null }
  /** No connection: the call cannot have left. */
  | { kind: 'refused'; code: string }
  /** The connection ended, or nothing came in time: the client cannot know what happened. */
  | { kind: 'cut'; code: string };

export type CacheClass = 'hit' | 'stale' | 'miss';

export interface Problem {
  type: string;
  detail: string;
}

/** RFC 9211: `penstock; hit; ttl=41`. A negative ttl is a stale answer; without a hit the call went on. */
export function cacheClassOf(cacheStatus: string | undefined): CacheClass {
  const own = cacheStatus?.split(',').at(-1) ?? '';
  const parameters = own.split(';').map((part) => part.trim());
  if (!parameters.includes('hit')) return 'miss';
  const ttl = parameters.find((parameter) => parameter.startsWith('ttl='))?.slice(4);
  return ttl !== undefined && Number(ttl) < 0 ? 'stale' : 'hit';
}

export function retryAfterMsOf(field: string | undefined, nowAt: number): number | null {
  if (field === undefined) return null;
  if (/^\d+$/.test(field.trim())) return Number(field) * 1000;
  const at = Date.parse(field);
  return Number.isNaN(at) ? null : Math.max(0, at - nowAt);
}

export function problemOf(contentType: string | undefined, body: string): Problem | null {
  if (contentType?.startsWith('application/problem+json') !== true) return null;
  try {
    const { type = '', detail = '' } = JSON.parse(body) as { type?: string; detail?: string };
    return { type, detail };
  } catch {
    return { type: 'malformed problem', detail: body.slice(0, 200) };
  }
}

/** How an error stands in the scoreboard; undefined: it was none. */
export function errorName(told: Told): string | undefined {
  if (told.kind !== 'answered') return `no answer (${told.kind}: ${told.code})`;
  if (told.status < 400) return undefined;
  return told.problem === null ? `${told.status} of the upstream` : `${told.status} ${told.problem.type}`;
}

const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT']);

export function toldByFailure(code: string): Told {
  return NEVER_CONNECTED.has(code) ? { kind: 'refused', code } : { kind: 'cut', code };
}
