import {
  elementsAt,
  isJson,
  membersAt,
  scalarAt,
  sliceOf,
  tokensOf,
  wholeOf,
  type JsonMember,
  type JsonPlace,
} from './json-text.js';

/** Deeper than any API's answers. Each level is read once more, so who sends more would have us read it for long. */
const DEEPEST = 64;

/** What of a value is left out: all of it, or what stands at these names within it. */
interface LeftOut {
  isWhole: boolean;
  readonly at: Map<string, LeftOut>;
}

const NOTHING: LeftOut = { isWhole: false, at: new Map() };

/**
 * A JSON text in the one form that all texts of the same content have: no white space, members by name, numbers and texts in one spelling.
 * Two calls that bring one resource (alone, or among others) may write it differently; what differs in this form has changed.
 *
 * @param without JSON pointers (RFC 6901) to what is left out. Undefined: it is no JSON, or nested too deeply to be read.
 */
export function canonicalJson(text: string, without: readonly string[] = []): string | undefined {
  if (!isJson(text)) return undefined;
  return canonicalAt(text, { place: wholeOf(text), leftOut: leftOutOf(without), deepest: DEEPEST });
}

interface Reading {
  readonly place: JsonPlace;
  readonly leftOut: LeftOut;
  readonly deepest: number;
}

function canonicalAt(text: string, reading: Reading): string | undefined {
  const { place, leftOut, deepest } = reading;
  if (deepest === 0) return undefined;
  if (leftOut.isWhole) return '';
  const elements = elementsAt(text, place);
  if (elements !== undefined) return canonicalList(text, elements, reading);
  const members = membersAt(text, place);
  return members === undefined ? canonicalScalar(text, place) : canonicalMembers(text, members, reading);
}

function canonicalMembers(text: string, members: readonly JsonMember[], reading: Reading): string | undefined {
  // As JSON.parse has it: of members of one name the last counts.
  const byName = new Map(members.map(({ name, value }) => [name, value]));
  const parts: string[] = [];
  for (const name of [...byName.keys()].sort()) {
    const value = canonicalAt(text, inward(reading, name, byName.get(name) ?? reading.place));
    if (value === undefined) return undefined;
    if (value !== '') parts.push(`${JSON.stringify(name)}:${value}`);
  }
  return `{${parts.join()}}`;
}

function canonicalList(text: string, elements: readonly JsonPlace[], reading: Reading): string | undefined {
  const parts: string[] = [];
  for (const [index, element] of elements.entries()) {
    const value = canonicalAt(text, inward(reading, String(index), element));
    if (value === undefined) return undefined;
    if (value !== '') parts.push(value);
  }
  return `[${parts.join()}]`;
}

function inward({ leftOut, deepest }: Reading, name: string, place: JsonPlace): Reading {
  return { place, leftOut: leftOut.at.get(name) ?? NOTHING, deepest: deepest - 1 };
}

function canonicalScalar(text: string, place: JsonPlace): string {
  const slice = sliceOf(text, place);
  const scalar = scalarAt(text, place);
  if (scalar === undefined) return slice;
  return slice.startsWith('"') ? JSON.stringify(scalar) : canonicalNumber(slice);
}

/** 1.0 and 1e0 are 1. What a double cannot hold, such as an id of 64 bits, stays as it is written. */
function canonicalNumber(written: string): string {
  const value = Number(written);
  const digits = written
    .replace(/[eE].*/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '').length;
  return digits <= 15 && Number.isFinite(value) ? String(value) : written;
}

function leftOutOf(pointers: readonly string[]): LeftOut {
  const all: LeftOut = { isWhole: false, at: new Map() };
  for (const pointer of pointers) {
    let here = all;
    for (const token of tokensOf(pointer)) {
      const next = here.at.get(token) ?? { isWhole: false, at: new Map() };
      here.at.set(token, next);
      here = next;
    }
    here.isWhole = true;
  }
  return all;
}
