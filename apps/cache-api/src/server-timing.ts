import type { Field } from '#core';
import type { ClientAnswer } from './client-call.js';
import type { Forwarded } from './forward.service.js';

const NAME = 'Server-Timing';

/**
 * Server Timing (W3C) on what was asked of the upstream: how long the call was held (limits, a pause, retries) until it was sent for the last
 * time, and how long the upstream took from then on. What nobody measured is not told; a hit has nothing to tell.
 */
export function withServerTiming(answer: ClientAnswer, forwarded: Forwarded): ClientAnswer {
  if (forwarded.kind !== 'answered' || forwarded.reply.from !== 'upstream' || isTold(answer)) return answer;
  const { queuedMs, requestedAt, receivedAt } = forwarded.reply;
  const metrics = [
    `cache;desc=${answer.outcome}`,
    ...(queuedMs === undefined ? [] : [metric('queue', queuedMs)]),
    metric('upstream', receivedAt - requestedAt),
  ];
  return { ...answer, fields: [...answer.fields, [NAME, metrics.join(', ')]] };
}

function metric(name: string, ms: number): string {
  return `${name};dur=${Math.max(0, Math.round(ms * 10) / 10)}`;
}

/** Ours comes last: one of the upstream's is followed by what Penstock adds. */
function isTold({ fields }: ClientAnswer): boolean {
  const last: Field | undefined = fields.at(-1);
  return last?.[0] === NAME;
}
