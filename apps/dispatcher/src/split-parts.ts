import { codingOf, fieldsOfPart, splitAnswer } from '#core';
import type { SplitAnswer, SplitRule } from '#core';
import { decode } from './body-coding.js';
import type { Answered } from './loop-options.js';

/** Of an answer whose coding is undone to look into it. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What stands in an answer, where that is a 200 whose coding can be undone. */
export function splitOf(
  { status, fields, body }: Pick<Answered, 'status' | 'fields' | 'body'>,
  rule: SplitRule,
): SplitAnswer {
  if (status !== 200) return { kind: 'not-split', reason: `status ${status}` };
  const coding = codingOf(fields);
  const plain = coding === undefined ? body : decode(coding, body, MOST_BYTES);
  if (plain === undefined) return { kind: 'not-split', reason: `the answer is no ${coding}, or too large in it` };
  return splitAnswer(plain, rule);
}

/** An element as the answer of a call of its own. */
export function partOf(
  { fields, requestedAt, receivedAt }: Pick<Answered, 'fields' | 'requestedAt' | 'receivedAt'>,
  text: string,
): Answered {
  const body = new TextEncoder().encode(text);
  const own = fieldsOfPart(fields, body.byteLength);
  return { kind: 'answered', status: 200, fields: own, body, requestedAt, receivedAt };
}
