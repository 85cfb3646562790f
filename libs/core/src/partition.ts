import { createHmac } from 'node:crypto';
import { isNamed, type Field, type Fields } from './fields.js';

/** Which request fields count as a client's credentials. */
export type CredentialRule =
  { readonly kind: 'default' } | { readonly kind: 'list'; readonly names: readonly string[] };

/** The partition of everyone who sent no credentials. */
export const SHARED_PARTITION = 'shared';

const TELLING_PARTS = ['auth', 'token', 'key', 'secret', 'session'];
const NEVER_CREDENTIALS: ReadonlySet<string> = new Set([
  // Names one call, not one caller.
  'idempotency-key',
  // RFC 9110 11.7.2: meant for the proxy, which is us; it never reaches the upstream.
  'proxy-authorization',
]);

/** Names are chosen by clients: remembered up to a bound, since the same few come with every request. */
const verdicts = new Map<string, boolean>();
const MAX_VERDICTS = 4096;

function isCredentialByDefault(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const lowercase = name.toLowerCase();
  const verdict =
    !NEVER_CREDENTIALS.has(lowercase) &&
    (lowercase === 'cookie' || TELLING_PARTS.some((part) => lowercase.includes(part)));
  if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
  verdicts.set(name, verdict);
  return verdict;
}

function isCredential(name: string, rule: CredentialRule): boolean {
  if (rule.kind === 'default') return isCredentialByDefault(name);
  return rule.names.some((listed) => isNamed(name, listed.toLowerCase())) && !isNamed(name, 'proxy-authorization');
}

export function credentialFieldsOf(fields: Fields, rule: CredentialRule): Fields {
  return fields.filter((field) => isCredential(field[0], rule));
}

export function withoutCredentials(fields: Fields, rule: CredentialRule): Fields {
  return fields.filter((field) => !isCredential(field[0], rule));
}

export interface Requester {
  /** As the client sent them, hop-by-hop fields gone. */
  readonly fields: Fields;
  /** The query with or without its question mark; empty when there is none. */
  readonly query: string;
  readonly rule: CredentialRule;
  /** Names of query parameters that are credentials. */
  readonly credentialQuery: readonly string[];
  readonly hmacKey: Uint8Array;
}

const PARTITION_DIGITS = 32;

/**
 * Who may see an entry: everyone, or those who sent these very credentials. The hash is keyed, so that a stolen store does not
 * allow guessed credentials to be tried against it.
 */
export function partitionOf({ fields, query, rule, credentialQuery, hmacKey }: Requester): string {
  const credentials = credentialFieldsOf(fields, rule);
  const parameters = query.length > 1 ? credentialParameters(query, credentialQuery) : NONE;
  if (credentials.length === 0 && parameters.length === 0) return SHARED_PARTITION;
  const text = JSON.stringify([credentials.map(normalised).sort(byName), parameters]);
  return createHmac('sha256', hmacKey).update(text).digest('hex').slice(0, PARTITION_DIGITS);
}

const NONE: readonly string[] = [];

function normalised([name, value]: Field): Field {
  return [name.toLowerCase(), value];
}

/** The order of different fields means nothing; lines of one field keep theirs, since sorting is stable. */
function byName(a: Field, b: Field): number {
  if (a[0] === b[0]) return 0;
  return a[0] < b[0] ? -1 : 1;
}

function credentialParameters(query: string, names: readonly string[]): string[] {
  const text = query.startsWith('?') ? query.slice(1) : query;
  return text.split('&').filter((parameter) => secretStart(parameter, names) !== -1);
}

/**
 * Where the secret of a parameter begins; -1 when it holds none. A parameter may hold others after a semicolon: some servers
 * part there too.
 */
function secretStart(parameter: string, names: readonly string[]): number {
  let start = 0;
  for (const part of parameter.split(';')) {
    const equals = part.indexOf('=');
    if (equals !== -1 && isListed(decodedName(part.slice(0, equals)), names)) return start + equals + 1;
    start += part.length + 1;
  }
  return -1;
}

function isListed(name: string, names: readonly string[]): boolean {
  return names.some((listed) => isNamed(name, listed.toLowerCase()));
}

function decodedName(name: string): string {
  if (!name.includes('%')) return name;
  return name.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** A path as it may be logged, stored in events and shown: the values of credential parameters masked. */
export function maskQuery(path: string, names: readonly string[]): string {
  const mark = path.indexOf('?');
  if (mark === -1) return path;
  return (
    path.slice(0, mark + 1) +
    path
      .slice(mark + 1)
      .split('&')
      .map((parameter) => masked(parameter, names))
      .join('&')
  );
}

function masked(parameter: string, names: readonly string[]): string {
  const start = secretStart(parameter, names);
  return start === -1 ? parameter : `${parameter.slice(0, start)}***`;
}
