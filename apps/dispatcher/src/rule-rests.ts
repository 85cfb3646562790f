import type { Clock } from '#runtime';

/** One answer may be a moment's trouble; so many in a row say that the rule does not fit the upstream. */
const USELESS_IN_A_ROW = 3;
const REST_MS = 300_000;

interface Tally {
  useless: number;
  restsUntilMs: number;
}

/** Which rules of the configuration cost calls and bring nothing: they are tried again after a while, once. */
export class RuleRests {
  private readonly tallies = new Map<string, Tally>();

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly tell: (rule: string, reason: string) => void,
  ) {}

  isResting(rule: string): boolean {
    return (this.tallies.get(rule)?.restsUntilMs ?? 0) > this.clock.now();
  }

  useful(rule: string): void {
    this.tallies.delete(rule);
  }

  useless(rule: string, reason: string): void {
    const tally = this.tallies.get(rule) ?? { useless: 0, restsUntilMs: 0 };
    this.tallies.set(rule, tally);
    tally.useless += 1;
    if (tally.useless < USELESS_IN_A_ROW || this.isResting(rule)) return;
    tally.restsUntilMs = this.clock.now() + REST_MS;
    this.tell(rule, reason);
  }
}
