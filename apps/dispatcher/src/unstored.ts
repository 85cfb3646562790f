import type { RefusalReason, Storability } from '#core';
import type { Logger } from '#runtime';

/** Fewer answers than these say nothing about the rest. */
const LEAST_ANSWERS = 100;
/** Those whose own client asked for it, or of a method that is never stored, are no fault of the upstream. */
const BY_REQUEST: ReadonlySet<RefusalReason> = new Set(['method', 'request-no-store']);

/** What an operator can do about it; where the answer alone can change it, that. */
const SWITCHES: Readonly<Record<RefusalReason, string>> = {
  'no-store': 'cache.ignoreDirectives: [no-store] would store them (not conformant, shown as detail=overridden)',
  private:
    'cache.ignoreDirectives: [private] would share them (not conformant, shown as detail=overridden), where they are the same for all',
  authorization: 'credentials of the configuration would make them the same for all; else each client has its own',
  'no-freshness': 'cache.ttl (or refresh.maxAge) with cache.profile: proxy would give them a freshness',
  'set-cookie': 'no switch does: the upstream has to say Cache-Control: public, or no-cache="set-cookie"',
  'vary-any': 'no switch does: the upstream says Vary: *, that nothing tells which requests they answer',
  status: 'no switch does: their status is one that is not stored',
  method: '',
  'request-no-store': '',
};

export interface Advice {
  readonly answers: number;
  readonly notStored: number;
  readonly reason: RefusalReason;
  readonly advice: string;
}

/** Counts which of an upstream's answers cannot be stored, and says once what would change that where it is more than half of them. */
export class Unstored {
  #answers = 0;
  #isTold = false;
  readonly #refused = new Map<RefusalReason, number>();

  constructor(private readonly tell: (advice: Advice) => void) {}

  note(storability: Storability): void {
    if (this.#isTold || (storability.kind === 'refused' && BY_REQUEST.has(storability.reason))) return;
    this.#answers += 1;
    if (storability.kind === 'storable') return;
    this.#refused.set(storability.reason, (this.#refused.get(storability.reason) ?? 0) + 1);
    this.#tellIfMost();
  }

  #tellIfMost(): void {
    const counts = [...this.#refused].sort(([, a], [, b]) => b - a);
    const notStored = counts.reduce((sum, [, count]) => sum + count, 0);
    const reason = counts[0]?.[0];
    if (reason === undefined || this.#answers < LEAST_ANSWERS || notStored * 2 <= this.#answers) return;
    this.#isTold = true;
    this.tell({ answers: this.#answers, notStored, reason, advice: SWITCHES[reason] });
  }
}

export function unstoredOf(upstream: string, logger: Logger): Unstored {
  return new Unstored((advice) =>
    logger.warn({ upstream, ...advice }, 'more than half of the answers cannot be stored'),
  );
}
