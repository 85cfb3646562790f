import { isScalar, isSeq } from 'yaml';
import { nearestOf } from './nearest.js';
import type { Reader, Reading, Section, Spot } from './reading.js';
import { readSection } from './reading.js';
import { fillFromEnvironment, splitReferences } from './references.js';
import {
  DURATION_EXPECTED,
  formatDuration,
  parseDuration,
  parseShare,
  parseSize,
  SHARE_EXPECTED,
  SIZE_EXPECTED,
} from './units.js';

// RFC 9110 section 5.6.2, token.
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Fits a NATS subject, a path prefix and a column alike. */
export const ID_SHAPE = /^[a-z0-9-]{1,32}$/;

export const ID_EXPECTED = 'an id of 1 to 32 of a-z, 0-9 and -';

/** Node's timers hold 31 bits of ms (24.8 days): beyond that they fire at once. */
const MAX_TIMER_MS = 24 * 86_400_000;

/** A text that `parse` understands, after `${NAME}` was put in. */
export function parsed<T>(expected: string, parse: (text: string) => T | undefined): Reader<T> {
  return (spot, reading) => {
    const text = filledText(spot, reading, expected);
    if (text === undefined) return undefined;
    return parse(text) ?? reading.refuse(spot, expected);
  };
}

export const duration = parsed(DURATION_EXPECTED, parseDuration);
export const size: Reader<number> = atLeast(1, parsed(SIZE_EXPECTED, parseSize), '1B');
export const share = parsed(SHARE_EXPECTED, parseShare);
/** What a timer is set to. */
export const timer: Reader<number> = atMost(MAX_TIMER_MS, duration, formatDuration(MAX_TIMER_MS));
export const timerAboveZero: Reader<number> = atLeast(1, timer, '1ms');
export const durationAboveZero: Reader<number> = atLeast(1, duration, '1ms');
export const id = matching(ID_EXPECTED, ID_SHAPE);
export const fieldName = matching('a field name such as User-Agent (RFC 9110 token)', FIELD_NAME);
export const glob = matching('a pattern such as "nightly*"', /./s);
// RFC 6901 section 3: either empty, or each token after a slash, with ~ only as ~0 or ~1.
export const pointer = matching('a JSON pointer such as /meta/servedAt', /^(\/([^~]|~[01])*)?$/);
export const pathGlob = matching('a path pattern such as "/search/**"', /^\//);

export function matching(expected: string, shape: RegExp): Reader<string> {
  return parsed(expected, (text) => (shape.test(text) ? text : undefined));
}

export function lowerCase(read: Reader<string>): Reader<string> {
  return (spot, reading) => read(spot, reading)?.toLowerCase();
}

export function oneOf<const T extends string>(values: readonly T[]): Reader<T> {
  const expected = values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`;
  return (spot, reading) => {
    const text = filledText(spot, reading, expected);
    if (text === undefined) return undefined;
    return (
      values.find((value) => value === text) ?? reading.refuse(spot, expected, { nearest: nearestOf(text, values) })
    );
  };
}

export const flag: Reader<boolean> = (spot, reading) => {
  const value = plainOrFilled(spot, reading, 'true or false');
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  return reading.refuse(spot, 'true or false');
};

export function integer(least: number, most: number): Reader<number> {
  return numberWithin({ least, most, expected: `an integer from ${least} to ${most}` }, Number.isSafeInteger);
}

export function decimal(least: number, most: number): Reader<number> {
  return numberWithin({ least, most, expected: `a number from ${least} to ${most}` }, Number.isFinite);
}

export function listOf<T>(read: Reader<T>, expected = 'a list'): Reader<readonly T[]> {
  return (spot, reading) => {
    if (!isSeq(spot.node)) return reading.refuse(spot, expected);
    const values = spot.node.items.map((item, index) =>
      read(reading.spot(`${spot.path}[${index}]`, item, spot.line), reading),
    );
    return values.filter((value) => value !== undefined);
  };
}

export function mapping<T>(body: (section: Section) => T): Reader<T> {
  return (spot, reading) => readSection(spot, reading, body);
}

/** A text that stays as it is written; only its form is checked, and that what it refers to can be there. */
export function textAsWritten(expected: string): Reader<string> {
  return (spot, reading) => {
    if (isScalar(spot.node) && typeof spot.node.value === 'string' && spot.node.value !== '') return spot.node.value;
    return reading.refuse(spot, expected);
  };
}

function filledText(spot: Spot, reading: Reading, expected: string): string | undefined {
  const value = plainOrFilled(spot, reading, expected);
  if (value === undefined || typeof value === 'string') return value;
  return reading.refuse(spot, expected);
}

/** A scalar as YAML types it; in a text `${NAME}` is replaced. What a variable held is not told: it may be a secret. */
function plainOrFilled(spot: Spot, reading: Reading, expected: string): string | number | boolean | undefined {
  const value = isScalar(spot.node) ? spot.node.value : undefined;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'string') return reading.refuse(spot, expected);
  const filled = fillFromEnvironment(value, reading.env);
  if (filled.kind === 'filled') return filled.text;
  for (const problem of filled.problems) reading.refuse(spot, problem.expected, problem);
  return undefined;
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly expected: string;
}

function numberWithin({ least, most, expected }: Bounds, isOfKind: (value: number) => boolean): Reader<number> {
  return (spot, reading) => {
    const value = plainOrFilled(spot, reading, expected);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && hasVariable(spot) ? Number(value.trim() || Number.NaN) : value;
    const fits = typeof number === 'number' && isOfKind(number) && number >= least && number <= most;
    return fits ? number : reading.refuse(spot, expected);
  };
}

/** `concurrency: "16"` is a text by mistake; `concurrency: ${SLOTS}` cannot be written otherwise. */
function hasVariable({ node }: Spot): boolean {
  return (
    isScalar(node) &&
    typeof node.value === 'string' &&
    splitReferences(node.value).some(({ kind }) => kind === 'variable')
  );
}

function atLeast(least: number, read: Reader<number>, shown: string): Reader<number> {
  return bounded(read, (value) => value >= least, `${shown} or more`);
}

function atMost(most: number, read: Reader<number>, shown: string): Reader<number> {
  return bounded(read, (value) => value <= most, `${shown} or less`);
}

function bounded(read: Reader<number>, fits: (value: number) => boolean, expected: string): Reader<number> {
  return (spot, reading) => {
    const value = read(spot, reading);
    if (value === undefined || fits(value)) return value;
    return reading.refuse(spot, expected);
  };
}
