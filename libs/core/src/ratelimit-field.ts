import { membersOf, nameAndValue, unquoted } from './list-members.js';

/** One member of RateLimit or RateLimit-Policy. */
interface RateLimitMember {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

export interface PolicyMember {
  readonly name: string;
  readonly limit: number;
  readonly perMs: number | undefined;
  readonly unit: string;
}

export interface StandingMember {
  /** Undefined in the older forms, which have one quota without a name. */
  readonly name: string | undefined;
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  readonly resetMs: number | undefined;
}

/** draft-ietf-httpapi-ratelimit-headers-10: `RateLimit: "default";r=0;t=30`; draft 7: `limit=100, remaining=0, reset=30`. */
export function readRateLimit(value: string): StandingMember[] {
  const older = olderForm(value);
  const members = older === undefined ? readMembers(value) : [{ name: undefined, parameters: older }];
  return members.flatMap(({ name, parameters }) => {
    const [remaining, reset] = [numberOf(parameters, 'r', 'remaining'), numberOf(parameters, 't', 'reset')];
    if (remaining === undefined && reset === undefined) return [];
    const limit = numberOf(parameters, 'limit');
    return [{ name, limit, remaining, resetMs: reset === undefined ? undefined : reset * 1000 }];
  });
}

/** `RateLimit-Policy: "burst";q=100;w=60`; draft 7 and `RateLimit-Limit` of draft 3: `100;w=60`. */
export function readPolicy(value: string): PolicyMember[] {
  return readMembers(value).flatMap(({ name, parameters }) => {
    const limit = numberOf(parameters, 'q') ?? (/^\d{1,15}$/.test(name) ? Number(name) : undefined);
    const window = numberOf(parameters, 'w');
    const perMs = window === undefined ? undefined : window * 1000;
    return limit === undefined ? [] : [{ name, limit, perMs, unit: parameters.get('qu') ?? 'requests' }];
  });
}

/**
 * A list of items with parameters (RFC 9651 3.1), and what vendors write instead: `default;r=5; t = 30` and `"a"; r="5"`, for which the
 * standard would have the whole field dropped. What is asked of a member is checked where it is read.
 */
function readMembers(value: string): RateLimitMember[] {
  return membersOf(value).map(readMember);
}

function readMember(member: string): RateLimitMember {
  const [name = '', ...parameters] = membersOf(member, ';');
  const named = parameters.map(nameAndValue).map(({ name, value = '' }) => [name, unquoted(value) ?? value] as const);
  return { name: unquoted(name) ?? name, parameters: new Map(named) };
}

function olderForm(value: string): Map<string, string> | undefined {
  const members = membersOf(value).map(nameAndValue);
  const isOlder = members.every(({ name }) => name === 'limit' || name === 'remaining' || name === 'reset');
  return isOlder && members.length > 0
    ? new Map(members.map(({ name, value: number = '' }) => [name, number]))
    : undefined;
}

function numberOf(parameters: ReadonlyMap<string, string>, ...names: string[]): number | undefined {
  for (const name of names) {
    const text = parameters.get(name);
    if (text !== undefined && /^\d{1,15}(?:\.\d{1,3})?$/.test(text)) return Number(text);
  }
  return undefined;
}
