import type { Judge } from './judge.js';
import type { Pause } from './pauses.js';

/** A caller climbs back after a pause; these seconds do not count against its rate. */
const CLIMB_MS = 10_000;

/** Whether a second lies outside pauses, touches one, or is among the ten after one. */
type Place = 'outside' | 'paused' | 'after';

/** What the judge says, in ms since the last reset unless the name ends in `At` (epoch ms). */
export function scoreOf(judge: Judge, nowMs: number) {
  judge.accepted.placeFor(nowMs);
  judge.throttled.placeFor(nowMs);
  const places = placesOf(judge, nowMs);
  return {
    startedAt: judge.zeroAt,
    elapsedMs: Math.round(nowMs - judge.zeroMs),
    ...judge.counts,
    inFlight: judge.inFlight,
    maxConcurrency: judge.maxConcurrency,
    statuses: Object.fromEntries(judge.statuses),
    ...outside(judge, places),
    pauses: judge.pauses.past.map((pause) => told(pause, judge)),
    perSecond: {
      first: judge.accepted.first,
      accepted: judge.accepted.counts,
      throttled: judge.throttled.counts,
      place: places,
    },
  };
}

export type Score = ReturnType<typeof scoreOf>;

function placesOf(judge: Judge, nowMs: number): Place[] {
  const { first, counts } = judge.accepted;
  const places = counts.map((): Place => 'outside');
  const mark = (fromMs: number, toMs: number, place: Place): void => {
    const last = Math.min(Math.floor((Math.min(toMs, nowMs) - judge.zeroMs) / 1000) - first, places.length - 1);
    for (let i = Math.max(0, Math.floor((fromMs - judge.zeroMs) / 1000) - first); i <= last; i++) {
      if (places[i] !== 'paused') places[i] = place;
    }
  };
  for (const { beganMs, endsMs } of judge.pauses.past) {
    mark(beganMs, endsMs, 'paused');
    mark(endsMs, endsMs + CLIMB_MS, 'after');
  }
  return places;
}

/** The mean over whole seconds: the last one is still running and does not count. */
function outside(
  judge: Judge,
  places: readonly Place[],
): { acceptedOutsidePausesPerSecond: number | null; secondsOutsidePauses: number } {
  const counts = judge.accepted.counts.slice(0, -1).filter((_, i) => places[i] === 'outside');
  const sum = counts.reduce((total, count) => total + count, 0);
  return {
    acceptedOutsidePausesPerSecond: counts.length === 0 ? null : Math.round((sum / counts.length) * 100) / 100,
    secondsOutsidePauses: counts.length,
  };
}

function told(pause: Pause, judge: Judge) {
  const since = (ms: number): number => Math.round((ms - judge.zeroMs) * 10) / 10;
  const at = (ms: number): number => Math.round(judge.zeroAt + ms - judge.zeroMs);
  return {
    ...pause,
    beganMs: since(pause.beganMs),
    endsMs: since(pause.endsMs),
    probeMs: pause.probeMs === null ? null : since(pause.probeMs),
    beganAt: at(pause.beganMs),
    endsAt: at(pause.endsMs),
  };
}
