import {
  evaluatePreconditions,
  fieldValue,
  hasRange,
  partialOf,
  rangesOf,
  renderCacheStatus,
  unsatisfiedRange,
  withoutFields,
} from '#core';
import type { FlowingBody } from '#bus';
import type { ByteRange, CacheStatus, Entry, Fields } from '#core';
import { NO_BODY } from './client-call.js';
import type { ClientAnswer, Outcome } from './client-call.js';
import type { HeldEntry } from './entry-map.js';
import { problemAnswer } from './problems.js';
import { answeredVia } from './request-fields.js';

/** As much of a call as its answer is made of. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly fields: Fields;
  readonly upstream: { readonly id: string };
}

export interface Told {
  readonly status: CacheStatus;
  readonly outcome: Outcome;
}

/** An answer that is not kept, as it came. */
export interface PassedAnswer {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array;
  readonly flow?: FlowingBody | undefined;
}

export interface ToldOfStored extends Told {
  readonly ageMs: number;
}

/** From an entry: conditions are judged, then ranges (RFC 9110 13.2.2); Age is told, and a HEAD gets no body. */
export function respond(call: Asked, held: HeldEntry, told: ToldOfStored): ClientAnswer {
  const { entry, body } = held;
  if (evaluatePreconditions(call.fields, entry) === 'not-modified') {
    return { status: 304, fields: toldFields(notModifiedFields(entry), told), body: NO_BODY, outcome: told.outcome };
  }
  // RFC 9110 14.2: "A server MUST ignore a Range header field received with a request method that is unrecognized or for which range
  // handling is not defined. For this specification, GET is the only method".
  if (call.method === 'GET' && hasRange(call.fields)) return ranged(call, held, told);
  return whole(call, held, told, body);
}

function whole(call: Asked, { entry }: HeldEntry, told: ToldOfStored, body: Uint8Array): ClientAnswer {
  return {
    status: entry.status,
    fields: withLength(toldFields(entry.fields, told), entry.bodyBytes, entry.status),
    body: call.method === 'HEAD' ? NO_BODY : body,
    outcome: told.outcome,
  };
}

function ranged(call: Asked, held: HeldEntry, told: ToldOfStored): ClientAnswer {
  const { entry, body } = held;
  const verdict = rangesOf(call.fields, entry);
  switch (verdict.kind) {
    case 'whole':
      return whole(call, held, told, body);
    case 'parts':
      return partial(call, held, told, verdict.parts);
    case 'unsatisfiable':
      return notSatisfiable(call, entry, told);
  }
}

function partial(
  call: Asked,
  { entry, body }: HeldEntry,
  told: ToldOfStored,
  parts: readonly ByteRange[],
): ClientAnswer {
  // The hash of a body does not stand in the body.
  const boundary = entry.bodyHash.slice(0, BOUNDARY_DIGITS);
  const sent = partialOf(parts, body, { contentType: fieldValue(entry.fields, 'content-type'), boundary });
  // RFC 9110 15.3.7: whoever sent If-Range has the representation already, and "SHOULD NOT" get fields of it "beyond those required".
  const hasIt = fieldValue(call.fields, 'if-range') !== undefined;
  const fields = hasIt ? notModifiedFields(entry) : withoutFields(entry.fields, DESCRIBED_BY_PART);
  return {
    status: 206,
    fields: withLength([...toldFields(fields, told), ...sent.fields], sent.body.byteLength, 206),
    body: sent.body,
    outcome: told.outcome,
  };
}

const BOUNDARY_DIGITS = 32;
const DESCRIBED_BY_PART = new Set(['content-type', 'content-length']);

function notSatisfiable(call: Asked, entry: Entry, told: ToldOfStored): ClientAnswer {
  const range = unsatisfiedRange(entry.bodyBytes);
  const detail = `no octet of the answer lies in the ranges that were asked for: it has ${entry.bodyBytes} (${range})`;
  const problem = problemAnswer(
    { code: 'range_not_satisfiable', detail, instance: call.path, upstream: call.upstream.id },
    // Nothing of it is told in times.
    0,
    [['Content-Range', range], ...answeredVia([]), statusField(told.status)],
  );
  return { ...problem, outcome: told.outcome };
}

/** An answer that is not kept. A joined or revalidating client gets it as it came; one that missed has its conditions judged. */
export function passed(call: Asked, answer: PassedAnswer, told: Told): ClientAnswer {
  const { status, fields, body, flow } = answer;
  const all = [...answeredVia(fields), statusField(told.status)];
  if (told.outcome === 'miss' && evaluatePreconditions(call.fields, conditionedOf(answer)) === 'not-modified') {
    flow?.drop();
    return { status: 304, fields: withoutFields(all, REPRESENTATION), body: NO_BODY, outcome: told.outcome };
  }
  if (flow !== undefined) return { status, fields: flowingFields(all, flow), body, flow, outcome: told.outcome };
  // RFC 9110 8.6: to a HEAD the length is that of the GET that was not asked for; only the upstream knows it.
  const isBare = call.method === 'HEAD' && !isWithoutBody(status);
  return { status, fields: isBare ? all : withLength(all, body.byteLength, status), body, outcome: told.outcome };
}

function toldFields(fields: Fields, { ageMs, status }: ToldOfStored): Fields {
  return [...answeredVia(fields), ['Age', String(Math.floor(ageMs / 1000))], statusField(status)];
}

/** RFC 9110 15.4.5: a 304 carries what a 200 would, without what describes a body that is not there. */
const REPRESENTATION = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'last-modified',
]);
const REPRESENTATION_BUT_VALIDATOR = new Set([...REPRESENTATION].filter((name) => name !== 'last-modified'));

/** Last-Modified stays where there is no ETag: "to guide cache updates". */
function notModifiedFields({ fields, etag }: Entry): Fields {
  return withoutFields(fields, etag === undefined ? REPRESENTATION_BUT_VALIDATOR : REPRESENTATION);
}

function conditionedOf({ status, fields }: { readonly status: number; readonly fields: Fields }): {
  status: number;
  etag: string | undefined;
  lastModified: string | undefined;
} {
  return { status, etag: fieldValue(fields, 'etag'), lastModified: fieldValue(fields, 'last-modified') };
}

const LENGTH = new Set(['content-length']);

/** Its length as it was announced, or none: then it goes on chunked. */
export function flowingFields(fields: Fields, { bytes }: FlowingBody): Fields {
  const without = withoutFields(fields, LENGTH);
  return bytes === null ? without : [...without, ['Content-Length', String(bytes)]];
}

/** RFC 9110 8.6: no Content-Length with 1xx and 204; RFC 9112 6.3: these have no body, whatever is said. */
export function withLength(fields: Fields, bytes: number, status: number): Fields {
  const without = withoutFields(fields, LENGTH);
  return isWithoutBody(status) ? without : [...without, ['Content-Length', String(bytes)]];
}

function isWithoutBody(status: number): boolean {
  return status === 204 || status === 304;
}

export function statusField(status: CacheStatus): readonly [string, string] {
  return ['Cache-Status', renderCacheStatus(status)];
}
