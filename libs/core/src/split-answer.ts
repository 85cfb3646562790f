import { elementsAt, isJson, placeAt, scalarAt, sliceOf, type JsonPlace } from './json-text.js';
import type { Fields } from './fields.js';

/** Where in an answer the resources stand that it brought. */
export interface SplitRule {
  /** JSON pointer (RFC 6901) to the array of them; empty: the answer itself. */
  readonly items: string;
  /** JSON pointer, within one of them, to its id: a text or a number. */
  readonly id: string;
}

export interface Element {
  /** A number as it is written. */
  readonly id: string;
  /** As it stands in the answer. */
  readonly text: string;
  /** What stands at a pointer within it, where that is a text or a number. */
  scalar(pointer: string): string | undefined;
}

export type SplitAnswer =
  | {
      readonly kind: 'split';
      readonly elements: readonly Element[];
      /** What stands at a pointer within the whole, where that is a text or a number. */
      scalar(pointer: string): string | undefined;
    }
  | { readonly kind: 'not-split'; readonly reason: string };

/**
 * The resources that one answer brought. What has no id, or the id of another, is left out: nobody can say which of two is meant.
 * @param body in no content coding.
 */
export function splitAnswer(body: Uint8Array, rule: SplitRule): SplitAnswer {
  const text = textOf(body);
  if (text === undefined || !isJson(text)) return { kind: 'not-split', reason: 'the answer is no JSON' };
  const items = placeAt(text, rule.items);
  const places = items && elementsAt(text, items);
  if (places === undefined)
    return { kind: 'not-split', reason: `no array stands at ${JSON.stringify(rule.items)} of the answer` };
  const elements = withoutDoubles(places.flatMap((place) => elementAt(text, place, rule)));
  return { kind: 'split', elements, scalar: scalarWithin(text, undefined) };
}

function elementAt(text: string, place: JsonPlace, { id: pointer }: SplitRule): Element[] {
  const scalar = scalarWithin(text, place);
  const id = scalar(pointer);
  return id === undefined ? [] : [{ id, text: sliceOf(text, place), scalar }];
}

function scalarWithin(text: string, place: JsonPlace | undefined): Element['scalar'] {
  return (pointer) => {
    const found = placeAt(text, pointer, place);
    return found && scalarAt(text, found);
  };
}

function withoutDoubles(elements: readonly Element[]): Element[] {
  const times = new Map<string, number>();
  for (const { id } of elements) times.set(id, (times.get(id) ?? 0) + 1);
  return elements.filter(({ id }) => times.get(id) === 1);
}

function textOf(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** What is true of the whole answer only: its bytes, its validators, and where its other pages are. */
const OF_THE_WHOLE: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-range',
  'accept-ranges',
  'content-location',
  'content-disposition',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'etag',
  'last-modified',
  'link',
  'transfer-encoding',
]);

/** The fields that one of the resources has of the answer that brought it: what says how long it is fresh, and who may have it, stays. */
export function fieldsOfPart(fields: Fields, bytes: number): Fields {
  const kept = fields.filter(([name]) => !OF_THE_WHOLE.has(name.toLowerCase()));
  return [...kept, ['Content-Type', 'application/json'], ['Content-Length', String(bytes)]];
}
