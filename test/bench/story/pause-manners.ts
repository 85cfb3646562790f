import { spreadOf, type Spread } from './percentiles.js';
import type { Told } from './told.js';

/** A user's call that no cache could answer, in epoch ms. */
export interface UncachedCall {
  what: 'cold' | 'write';
  beganAt: number;
  endedAt: number;
  told: Told;
}

export interface AnnouncedPause {
  beganAt: number;
  endsAt: number;
  /** How its end was announced: a date and epoch seconds are whole seconds, rounded up. */
  form?: string;
}

/** How a call that came in the middle of a pause was treated. */
export type Treatment =
  { kind: 'served'; lateMs: number } | { kind: 'told at once'; overstatedMs: number } | { kind: 'wrong'; why: string };

const AT_ONCE_MS = 100;
/** A caller in the first instants may itself be the straggler that is throttled. */
const SETTLED_MS = 100;
/**
 * A Retry-After may lie this much after the announced end: up to a second of guard, one of rounding to whole seconds, and the
 * spread of a twentieth of the pause that keeps callers from coming back together.
 */
const LATE_MS = 2_000;
const LATE_SHARE = 0.05;
/** What was announced in whole seconds may itself lie up to one past the end that the judge keeps. */
const ROUNDED_UP_MS = 1_000;
const ROUNDED_FORMS = ['date', 'github'];

export function treatmentOf(call: UncachedCall, pause: AnnouncedPause): Treatment {
  const { told, beganAt, endedAt } = call;
  if (told.kind !== 'answered') return { kind: 'wrong', why: `no answer (${told.code})` };
  if (told.status < 400) {
    if (endedAt < pause.endsAt) return { kind: 'wrong', why: 'served before the announced end' };
    return { kind: 'served', lateMs: endedAt - pause.endsAt };
  }
  if (told.status !== 503) return { kind: 'wrong', why: `told ${told.status}` };
  if (told.retryAfterMs === null) return { kind: 'wrong', why: '503 without Retry-After' };
  if (endedAt - beganAt > AT_ONCE_MS) return { kind: 'wrong', why: `told after ${Math.round(endedAt - beganAt)} ms` };
  return truthOf(endedAt + told.retryAfterMs, pause);
}

function truthOf(comeBackAt: number, pause: AnnouncedPause): Treatment {
  const overstatedMs = comeBackAt - pause.endsAt;
  const roundedMs = ROUNDED_FORMS.includes(pause.form ?? '') ? ROUNDED_UP_MS : 0;
  const allowedMs = LATE_MS + roundedMs + LATE_SHARE * (pause.endsAt - pause.beganAt);
  if (overstatedMs > allowedMs)
    return { kind: 'wrong', why: `Retry-After ${Math.round(overstatedMs)} ms past the end` };
  if (overstatedMs < 0) return { kind: 'wrong', why: `Retry-After ${Math.round(-overstatedMs)} ms before the end` };
  return { kind: 'told at once', overstatedMs };
}

export interface Manners {
  calls: number;
  served: number;
  servedLateMs: Spread;
  toldAtOnce: number;
  overstatedMs: Spread;
  wrong: Record<string, number>;
}

export function mannersOf(calls: readonly UncachedCall[], pauses: readonly AnnouncedPause[]): Manners {
  const treatments = calls.flatMap((call) => {
    const pause = pauses.find(({ beganAt, endsAt }) => call.beganAt >= beganAt + SETTLED_MS && call.beganAt < endsAt);
    return pause === undefined ? [] : [treatmentOf(call, pause)];
  });
  const late = treatments.flatMap((one) => (one.kind === 'served' ? [one.lateMs] : []));
  const overstated = treatments.flatMap((one) => (one.kind === 'told at once' ? [one.overstatedMs] : []));
  const wrong: Record<string, number> = {};
  for (const one of treatments) if (one.kind === 'wrong') wrong[one.why] = (wrong[one.why] ?? 0) + 1;
  return {
    calls: treatments.length,
    served: late.length,
    servedLateMs: spreadOf(late),
    toldAtOnce: overstated.length,
    overstatedMs: spreadOf(overstated),
    wrong,
  };
}
