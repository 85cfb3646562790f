import type { FetchOutcome } from './fetch-outcome.js';
import { isWrite } from './flight.js';
import type { FailedEnd, Flight } from './flight.js';

export function pausedEnd(flight: Flight, untilMs: number): FailedEnd {
  const detail = 'the upstream is paused for longer than this call can wait';
  return {
    kind: 'failed',
    code: 'paused',
    detail,
    receivedStatus: flight.lastStatus,
    sent: false,
    resumeAtMs: untilMs,
  };
}

export function lateEnd(flight: Flight, code: 'paused' | 'not_sent_in_time', byMs: number): FailedEnd {
  if (code === 'paused') return pausedEnd(flight, byMs);
  const detail = 'the call could not be sent in the time that it could wait: the limits of the upstream are used up';
  return { kind: 'failed', code, detail, receivedStatus: flight.lastStatus, sent: false, resumeAtMs: null };
}

/** The upstream fails, or has throttled us so often that it may ban us: nothing is sent although the limits would allow it. */
export function refusedEnd(flight: Flight, code: 'breaker_open' | 'paused', resumeAtMs: number): FailedEnd {
  const detail =
    code === 'breaker_open'
      ? 'the upstream has failed for a while; one call a second tries whether it is back'
      : 'the upstream has throttled so many calls that more of them might end in a ban';
  return { kind: 'failed', code, detail, receivedStatus: flight.lastStatus, sent: false, resumeAtMs };
}

/** More wait already than could be sent in any sensible time. */
export function crowdedEnd(): FailedEnd {
  const detail = 'too many calls wait for this upstream already; ask again later, or raise its limits';
  return { kind: 'failed', code: 'not_sent_in_time', detail, receivedStatus: null, sent: false, resumeAtMs: null };
}

/** A write that may have reached the upstream may have been carried out. */
export function failedEnd(flight: Flight, outcome: Extract<FetchOutcome, { kind: 'failed' }>): FailedEnd {
  const unknown = isWrite(flight) && outcome.sent;
  return {
    kind: 'failed',
    code: unknown ? 'outcome_unknown' : outcome.code,
    detail: unknown ? `outcome unknown: ${outcome.detail}` : outcome.detail,
    receivedStatus: flight.lastStatus,
    sent: outcome.sent,
    resumeAtMs: null,
  };
}

/** Background work has nobody to hand it on to. */
export function tooLargeEnd(receivedStatus: number): FailedEnd {
  const detail = 'the answer is larger than cache.maxBody, and is passed on without being kept';
  return { kind: 'failed', code: 'answer_too_large', detail, receivedStatus, sent: true, resumeAtMs: null };
}

/** A fault of ours: whoever asked is told, and nothing else suffers from it. */
export function brokenEnd(receivedStatus: number): FailedEnd {
  const detail = 'Penstock failed to hand on the answer; the log of the dispatcher says more';
  return { kind: 'failed', code: 'internal', detail, receivedStatus, sent: true, resumeAtMs: null };
}
