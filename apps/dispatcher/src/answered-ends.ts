import { toldOnce, withoutHopByHop } from '#core';
import type { Entry, Fields, Version } from '#core';
import type { AnsweredEnd, Told } from './flight.js';
import type { Answered } from './loop-options.js';

/** How a flight ends that the upstream has answered. */
export function endOf(
  answer: Answered,
  version: Version,
  {
    entry,
    kept,
    body,
    upstreamStatus,
    said = answer.fields,
  }: {
    entry: Entry | null;
    kept: Promise<Told> | null;
    body: Uint8Array;
    upstreamStatus: number;
    /** What came, where that is not what the answer became. */
    said?: Fields;
  },
): AnsweredEnd {
  const { status, requestedAt, receivedAt } = answer;
  const fields = entry === null ? withoutHopByHop(answer.fields) : entry.fields;
  return {
    kind: 'answered',
    status,
    upstreamStatus,
    fields,
    body,
    version,
    requestedAt,
    receivedAt,
    entry,
    asItCame: entry === null ? undefined : allThatCame(said, entry),
    kept,
    from: 'upstream',
    collapsed: false,
  };
}

/** Undefined where the entry has all of it. */
function allThatCame(said: Fields, { fields }: Entry): Fields | undefined {
  const once = toldOnce(said, fields);
  return once.length === 0 ? undefined : [...fields, ...once];
}

export function storedEnd(entry: Entry, body: Uint8Array): AnsweredEnd {
  const { status, fields, version, requestedAt, receivedAt } = entry;
  return {
    kind: 'answered',
    status,
    upstreamStatus: null,
    fields,
    body,
    version,
    requestedAt,
    receivedAt,
    entry,
    kept: null,
    from: 'store',
    collapsed: false,
  };
}
