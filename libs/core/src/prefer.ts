import { membersOf, nameAndValue, unquoted } from './list-members.js';

/** The preferences of RFC 7240 that are understood here. */
export interface Preferences {
  /** Longest that the client wishes to wait for its answer. */
  readonly waitMs?: number;
  readonly respondAsync: boolean;
}

const NO_PREFERENCES: Preferences = Object.freeze({ respondAsync: false });
const MAX_WAIT_S = 2 ** 31;

/** RFC 7240 2: names are case-insensitive; of a preference that is given twice "the first instance (...) is considered". */
export function preferOf(value: string | undefined): Preferences {
  if (value === undefined) return NO_PREFERENCES;
  const preferences = new Map<string, string | undefined>();
  for (const member of membersOf(value)) {
    const { name, value: argument } = nameAndValue(membersOf(member, ';')[0] ?? '');
    if (!preferences.has(name)) preferences.set(name, argument);
  }
  const waitMs = waitMsOf(preferences.get('wait'));
  const respondAsync = preferences.has('respond-async');
  return waitMs === undefined ? { respondAsync } : { waitMs, respondAsync };
}

/** RFC 7240 4.3: a wait that is no number of seconds is no preference. */
function waitMsOf(argument: string | undefined): number | undefined {
  const digits = argument === undefined ? '' : (unquoted(argument) ?? argument);
  return /^\d+$/.test(digits) ? Math.min(Number(digits), MAX_WAIT_S) * 1000 : undefined;
}
