/** Where a value stands in a JSON text: from its first character to behind its last. */
export interface JsonPlace {
  readonly from: number;
  readonly to: number;
}

export interface JsonMember {
  readonly name: string;
  readonly value: JsonPlace;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/*
 * Values are cut out of the text that they came in, never parsed and written anew: JavaScript would make 9007199254740992 of the id
 * 9007199254740993, and 1 of 1.0. All texts here have been parsed once before, so their syntax is known to be right.
 */

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @param pointer RFC 6901. Undefined: nothing stands there. */
export function placeAt(text: string, pointer: string, within = wholeOf(text)): JsonPlace | undefined {
  let place: JsonPlace | undefined = within;
  for (const token of tokensOf(pointer)) place = place && childAt(text, place, token);
  return place;
}

/** The elements of an array, in order; undefined: there is no array. */
export function elementsAt(text: string, place: JsonPlace): JsonPlace[] | undefined {
  if (text.charCodeAt(place.from) !== OPEN_BRACKET) return undefined;
  const elements: JsonPlace[] = [];
  let at = pastSpace(text, place.from + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACKET) {
    const to = pastValue(text, at);
    elements.push({ from: at, to });
    at = pastComma(text, to);
  }
  return elements;
}

/** The members of an object, in order, names that stand twice included; undefined: there is no object. */
export function membersAt(text: string, place: JsonPlace): JsonMember[] | undefined {
  if (text.charCodeAt(place.from) !== OPEN_BRACE) return undefined;
  const members: JsonMember[] = [];
  let at = pastSpace(text, place.from + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACE) {
    const nameEnd = pastString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const from = pastSpace(text, pastSpace(text, nameEnd) + 1);
    const to = pastValue(text, from);
    members.push({ name, value: { from, to } });
    at = pastComma(text, to);
  }
  return members;
}

/** What a text says, or a number as it is written; undefined for everything else. */
export function scalarAt(text: string, place: JsonPlace): string | undefined {
  const slice = sliceOf(text, place);
  if (slice.startsWith('"')) return JSON.parse(slice) as string;
  return /^[-\d]/.test(slice) ? slice : undefined;
}

export function sliceOf(text: string, { from, to }: JsonPlace): string {
  return text.slice(from, to);
}

export function wholeOf(text: string): JsonPlace {
  const from = pastSpace(text, 0);
  return { from, to: pastValue(text, from) };
}

/** RFC 6901 section 4: `~1` stands for a slash, and `~0`, read after it, for a tilde. */
export function tokensOf(pointer: string): string[] {
  const tokens = pointer.split('/').slice(1);
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function childAt(text: string, place: JsonPlace, token: string): JsonPlace | undefined {
  // As JSON.parse has it: of members of one name the last counts.
  const members = membersAt(text, place);
  if (members !== undefined) return members.findLast(({ name }) => name === token)?.value;
  return /^(0|[1-9]\d*)$/.test(token) ? elementsAt(text, place)?.[Number(token)] : undefined;
}

function pastValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return pastString(text, at);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return pastNested(text, at);
  let end = at + 1;
  while (end < text.length && !isAfterScalar(text.charCodeAt(end))) end += 1;
  return end;
}

/** Not by recursion: who sends a million brackets is to be borne. */
function pastNested(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = pastString(text, at);
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  return text.length;
}

function pastString(text: string, from: number): number {
  let end = text.indexOf('"', from + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

function pastComma(text: string, at: number): number {
  const next = pastSpace(text, at);
  return text[next] === ',' ? pastSpace(text, next + 1) : next;
}

function pastSpace(text: string, at: number): number {
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

/** RFC 8259 section 2: space, tab, line feed, carriage return. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function isAfterScalar(code: number): boolean {
  return code === 0x2c || code === CLOSE_BRACE || code === CLOSE_BRACKET || isSpace(code);
}
