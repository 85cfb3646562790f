import { readAnnouncement, readThrottle } from '#core';
import type { Dialect, SetOutcome, ThrottleReading } from '#core';
import { decode } from './body-coding.js';
import { wouldRepeat } from './fetch-outcome.js';
import type { FetchOutcome } from './fetch-outcome.js';
import type { Sign } from './upstream-health.js';

export interface OutcomeReading {
  /** What the limits learn from it. */
  readonly gate: SetOutcome;
  readonly throttle: ThrottleReading;
  /** What it says of the upstream's health. */
  readonly sign: Sign;
}

/** The upstream took the credential for one of its own. */
export function isAccepted(outcome: FetchOutcome, { throttle }: OutcomeReading): boolean {
  return outcome.kind === 'answered' && throttle.kind === 'none' && outcome.status !== 401 && outcome.status !== 403;
}

const NO_THROTTLE: ThrottleReading = { kind: 'none' };

export interface Vendor {
  readonly dialect: Dialect;
  /** What a call is charged that is answered 304; absent: as any other. */
  readonly notModifiedCost?: number | undefined;
}

/** What an attempt tells, in the vendor's dialect. */
export function readOutcome(
  outcome: FetchOutcome,
  { dialect, notModifiedCost }: Vendor,
  nowMs: number,
): OutcomeReading {
  if (outcome.kind === 'failed') {
    if (outcome.abandoned === true) return { gate: { kind: 'abandoned' }, throttle: NO_THROTTLE, sign: 'nothing' };
    // What was never written, or what we ourselves would not take, says nothing of the upstream.
    const sign = outcome.code === 'holder_away' || wouldRepeat(outcome) ? 'nothing' : 'ill';
    return { gate: { kind: 'failed' }, throttle: NO_THROTTLE, sign };
  }
  const { status, fields, body } = outcome;
  const answer = { status, fields, body, decode, nowMs };
  const throttle = readThrottle(answer, dialect);
  if (throttle.kind === 'none' && status >= 500) return { gate: { kind: 'failed' }, throttle, sign: 'ill' };
  const announcement = readAnnouncement(answer, dialect);
  // What the vendor itself tells of the price goes before.
  const cost = status === 304 && announcement.cost === undefined ? notModifiedCost : undefined;
  if (throttle.kind === 'none') return { gate: { kind: 'answered', announcement, cost }, throttle, sign: 'well' };
  return { gate: { ...throttle, kind: 'throttled', announcement }, throttle, sign: 'throttled' };
}
