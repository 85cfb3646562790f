import type { ClientAnswer, ClientCall } from './client-call.js';
import type { Forwarded } from './forward.service.js';
import { problemAnswer } from './problems.js';
import type { ProblemCode } from './problems.js';

/** What could not be had from the upstream, told to the client. */
export function forwardProblem(
  call: ClientCall,
  forwarded: Exclude<Forwarded, { kind: 'answered' }>,
  nowMs: number,
): ClientAnswer {
  const place = { instance: call.path, upstream: call.upstream.id, scope: 'upstream' };
  if (forwarded.kind === 'gone') {
    const detail = 'the client went away before the call was sent; it was not carried out';
    return problemAnswer({ code: 'not_sent_in_time', detail, retryAfterMs: 0, ...place }, nowMs);
  }
  const { code, detail, receivedStatus, resumeAtMs } = forwarded;
  return problemAnswer(
    {
      code,
      detail,
      receivedStatus,
      resumeAtMs,
      ...place,
      ...(isForALittleWhile(code) ? { retryAfterMs: RETRY_SOON_MS } : {}),
    },
    nowMs,
  );
}

const RETRY_SOON_MS = 2_000;

function isForALittleWhile(code: ProblemCode): boolean {
  return (
    code === 'bus_away' ||
    code === 'holder_away' ||
    code === 'not_sent_in_time' ||
    code === 'paused' ||
    code === 'breaker_open'
  );
}
