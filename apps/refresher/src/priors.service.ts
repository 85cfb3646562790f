import type { PriorRates } from '#core';
import type { Clock } from '#runtime';
import type { ResourceStatRepository } from '#store';

export interface PriorsOptions {
  readonly repository: Pick<ResourceStatRepository, 'readPriors'>;
  readonly clock: Clock;
  readonly timeScale: number;
  /** There are new ones. */
  readonly onRenewed: (upstream: string, priors: PriorRates) => void;
}

interface Known {
  priors: PriorRates | undefined;
  renewals: number;
  dueAtMs: number;
  /** Something was written since they were read. */
  isOutdated: boolean;
}

const YOUNG_EVERY_MS = 5_000;
const YOUNG_FOR = 24;
const EVERY_MS = 60_000;
const MOST_OFTEN_MS = 1_000;

/** What is to be expected of resources that nothing is known of: the medians of what was learned, read again now and then. */
export class PriorsService {
  private readonly known = new Map<string, Known>();

  constructor(private readonly options: PriorsOptions) {}

  /** Those of an upstream; read from the store if they never were. */
  async of(upstream: string): Promise<PriorRates | undefined> {
    return (this.known.get(upstream) ?? (await this.begin(upstream))).priors;
  }

  wrote(upstream: string): void {
    const known = this.known.get(upstream);
    if (known !== undefined) known.isOutdated = true;
  }

  /** Reads those again whose time has come. */
  async renew(): Promise<void> {
    const nowMs = this.options.clock.now();
    for (const [upstream, known] of this.known)
      if (known.isOutdated && nowMs >= known.dueAtMs) await this.renewOne(upstream, known);
  }

  private async begin(upstream: string): Promise<Known> {
    const priors = await this.options.repository.readPriors(upstream);
    const known: Known = { priors, renewals: 0, dueAtMs: this.options.clock.now(), isOutdated: false };
    this.known.set(upstream, known);
    return known;
  }

  private async renewOne(upstream: string, known: Known): Promise<void> {
    known.isOutdated = false;
    known.priors = await this.options.repository.readPriors(upstream);
    known.dueAtMs = this.options.clock.now() + this.waitMs(known.renewals);
    known.renewals += 1;
    if (known.priors !== undefined) this.options.onRenewed(upstream, known.priors);
  }

  /** Short while each refresh may say something of all others. */
  private waitMs(renewals: number): number {
    const everyMs = (renewals < YOUNG_FOR ? YOUNG_EVERY_MS : EVERY_MS) / this.options.timeScale;
    return Math.max(MOST_OFTEN_MS, everyMs);
  }
}
