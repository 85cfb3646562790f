import type { ClientAnswer, ClientCall } from './client-call.js';
import type { Forwarded } from './forward.service.js';
import { problemAnswer } from './problems.js';
import type { Problem, ProblemCode } from './problems.js';
import { BodyTooLarge } from './request-body.js';
import type { BodyLimits } from './request-body.js';
import { BodyBroken, BodyStalled } from './request-pieces.js';

/** What could not be had from the upstream, told to the client. */
export function forwardProblem(
  call: ClientCall,
  forwarded: Exclude<Forwarded, { kind: 'answered' }>,
  nowMs: number,
): ClientAnswer {
  const fault = call.upload?.fault ?? null;
  if (fault !== null) return uploadProblem(call, fault, forwarded, nowMs);
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

/** A body that could not be received; undefined: the error is another. */
export function receiveProblem(error: unknown, { maxBytes }: BodyLimits): Pick<Problem, 'code' | 'detail'> | undefined {
  if (error instanceof BodyTooLarge) return { code: 'request_too_large', detail: tooLarge(maxBytes) };
  if (error instanceof BodyStalled)
    return { code: 'request_timeout', detail: `expected the rest of the body, found that ${error.message}` };
  return error instanceof BodyBroken
    ? { code: 'malformed_request', detail: 'the body of the request broke off' }
    : undefined;
}

/** The upstream had begun to get the body when it proved wrong: what it makes of the part is not known. */
function uploadProblem(
  { path: instance, upstream }: ClientCall,
  fault: 'too-large' | 'stalled',
  { kind }: Exclude<Forwarded, { kind: 'answered' }>,
  nowMs: number,
): ClientAnswer {
  const { maxRequestBodyBytes, timeouts } = upstream.config;
  const why = fault === 'too-large' ? tooLarge(maxRequestBodyBytes) : stalled(timeouts.bodyMs);
  const outcome = kind === 'gone' ? 'it was not carried out' : 'outcome unknown';
  const detail = `${outcome}: the upstream was being sent the body, and the exchange was broken off: ${why}`;
  const code = fault === 'too-large' ? 'request_too_large' : 'request_timeout';
  // RFC 9110 15.5.9: a 408 implies that the connection is closed; where the rest of this body ends nobody waits to see.
  return problemAnswer({ code, detail, instance, upstream: upstream.id }, nowMs, [['Connection', 'close']]);
}

function tooLarge(maxBytes: number): string {
  return `expected at most ${maxBytes} bytes (maxRequestBody), found more; raise it in the configuration if such bodies are meant`;
}

function stalled(idleMs: number): string {
  return `expected the rest of the body, found nothing for ${idleMs} ms (timeouts.body)`;
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
