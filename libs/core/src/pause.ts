/** One throttle after the other gives the next epoch; a call carries the one at which it was sent. */
export interface Epoch {
  readonly fence: number;
  readonly n: number;
}

export function isOlder(a: Epoch, b: Epoch): boolean {
  return a.fence < b.fence || (a.fence === b.fence && a.n < b.n);
}

/** What a throttle said about its end. `resolutionMs` 1000: a date or epoch seconds, which may be cut off by up to a second. */
export interface Throttled {
  readonly waitMs: number | undefined;
  readonly resetAtMs: number | undefined;
  readonly resolutionMs: 1 | 1000;
  /** The wait is the documented one, which doubles with each throttle in a row. */
  readonly grows?: boolean;
  /** Waiting a little does not help: a quota is used up that comes back at its reset, or when someone pays. */
  readonly final?: boolean;
}

export interface PauseConfig {
  readonly withoutHeader: { readonly baseMs: number; readonly capMs: number };
  readonly maxMs: number;
  /** true: a longer wait ends in a probe after maxMs. false: the vendor's word is kept, however long. */
  readonly probeAtMax: boolean;
}

const SHORTEST_MS = 100;
const LONGEST_MS = 366 * 86_400_000;
const MOST_JITTER_MS = 5_000;
const GUARD_MS = { 1: 250, 1000: 1_000 } as const;

export interface Wait {
  readonly forMs: number;
  /** The vendor's word, where it is longer than what we wait. */
  readonly vendorMs: number | undefined;
}

/** How long to pause after a throttle that is the `episode`-th in a row (from 1). `chance` in [0, 1). */
export function waitAfter(
  throttled: Throttled,
  episode: number,
  config: PauseConfig,
  at: { nowMs: number; chance: number },
): Wait {
  const said = throttled.waitMs ?? (throttled.resetAtMs === undefined ? undefined : throttled.resetAtMs - at.nowMs);
  if (said === undefined || Number.isNaN(said))
    return { forMs: equalJitter(episode, config, at.chance), vendorMs: undefined };
  const wanted = said * (throttled.grows === true ? doubledOver(episode) : 1) + GUARD_MS[throttled.resolutionMs];
  const most = config.probeAtMax ? config.maxMs : LONGEST_MS;
  const clamped = Math.min(Math.max(wanted, SHORTEST_MS), most);
  // Late, never early: the jitter is only ever added.
  const forMs = clamped + at.chance * Math.min(0.05 * clamped, MOST_JITTER_MS);
  return { forMs, vendorMs: wanted > most ? Math.min(said, LONGEST_MS) : undefined };
}

// Equal, not full jitter: with full jitter the first waits collapse to nothing and a limit per minute is hit over and over.
function equalJitter(episode: number, { withoutHeader }: PauseConfig, chance: number): number {
  const doubled = withoutHeader.baseMs * doubledOver(episode);
  return Math.min(withoutHeader.capMs, doubled) * (0.5 + 0.5 * chance);
}

function doubledOver(episode: number): number {
  return 2 ** Math.min(episode - 1, 40);
}

/** Until when, said by whom, in which epoch, and how many episodes in a row. Only ever extended by throttles. */
export class Pause {
  untilMs = 0;
  quotaResetAtMs: number | undefined;
  reason = '';
  episodes = 0;
  lastWaitMs = 0;

  constructor(
    public epoch: Epoch,
    private readonly config: PauseConfig,
  ) {}

  /** "Extend, never shorten": a later throttle with a shorter wait changes nothing. */
  extend(untilMs: number, quotaResetAtMs: number | undefined, reason: string, nowMs: number): boolean {
    if (this.untilMs <= nowMs) this.quotaResetAtMs = undefined;
    if (quotaResetAtMs !== undefined) this.quotaResetAtMs = Math.max(this.quotaResetAtMs ?? 0, quotaResetAtMs);
    if (!(untilMs > this.untilMs)) return false;
    this.untilMs = untilMs;
    this.reason = reason;
    return true;
  }

  /** The one rule for every throttle. Older epoch: a straggler of the same burst, which extends but does not escalate. */
  throttled(
    sentAt: Epoch,
    throttled: Throttled,
    nowMs: number,
    chance: number,
  ): { extended: boolean; escalated: boolean } {
    const escalated = !isOlder(sentAt, this.epoch);
    if (escalated) {
      this.episodes += 1;
      this.epoch = { fence: this.epoch.fence, n: this.epoch.n + 1 };
    }
    const wait = waitAfter(throttled, Math.max(1, this.episodes), this.config, { nowMs, chance });
    if (escalated) this.lastWaitMs = wait.forMs;
    const untilMs = nowMs + wait.forMs;
    const reason = throttled.final === true ? 'quota used up' : 'throttled';
    const extended = this.extend(untilMs, this.#resetAt(throttled, wait, untilMs, nowMs), reason, nowMs);
    return { extended, escalated };
  }

  // pausedUntil is the next permitted call, quotaResetAt the vendor's word: they differ only where pause.max caps.
  #resetAt(throttled: Throttled, wait: Wait, untilMs: number, nowMs: number): number | undefined {
    if (wait.vendorMs !== undefined) return nowMs + wait.vendorMs;
    return throttled.waitMs === undefined && throttled.resetAtMs === undefined ? undefined : untilMs;
  }
}
