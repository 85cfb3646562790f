import type { PriorRates } from '#core';
import type { Bus, Publisher } from '#bus';
import type { Clock } from '#runtime';
import { READS_HALF_LIFE_MS } from '#store';
import type { ReadsDelta, ResourceStatRepository, ResourceStatWriter, StatBefore, StatWrite } from '#store';
import { KeptStats } from './kept-stats.js';
import { learnedOf, priorsTold } from './learned.js';
import type { Learned } from './learned.js';
import { PriorsService } from './priors.service.js';
import { continuedFrom, readsAt } from './stat-line.js';
import type { StatDelta, StatSheet } from './stat-sheet.js';

export interface StatWritingOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly writer: ResourceStatWriter;
  readonly repository: Pick<ResourceStatRepository, 'readPriors'>;
  readonly clock: Clock;
  readonly sheet: StatSheet;
  readonly forgetMs: number;
  readonly timeScale: number;
}

/** Of one statement: short enough that reminders do not wait for the sums of many. */
const KEYS_A_STATEMENT = 500;
const READS_A_STATEMENT = 5_000;
/** Each takes half a kilobyte. */
const MOST_KEPT = 50_000;
/** Another replica writes between our reading and our writing: it cannot do so for ever. */
const MOST_TRIES = 20;

/**
 * Takes the sheet into the store: what refreshes showed of a key is put to its history, its rate of change estimated anew, and both are
 * told to the schedulers. Replicas may hold facts of one key at the same time: a history is written only where it still is what was read,
 * else it is read again. Whatever cannot be written is back in the sheet when this fails.
 */
export class StatWritingService {
  private readonly priors: PriorsService;
  private readonly kept = new KeptStats(MOST_KEPT);

  constructor(private readonly options: StatWritingOptions) {
    const { repository, clock, timeScale } = options;
    this.priors = new PriorsService({
      ...{ repository, clock, timeScale },
      onRenewed: (upstream, priors) => this.tellPriors(upstream, priors),
    });
  }

  async writeRefreshed(): Promise<void> {
    const { sheet } = this.options;
    for (let left = sheet.refreshedKeys; left > 0; left -= KEYS_A_STATEMENT)
      await this.writeBatch(sheet.takeRefreshed(KEYS_A_STATEMENT));
  }

  async writeReads(): Promise<void> {
    const { sheet } = this.options;
    for (let left = sheet.readKeys; left > 0; left -= READS_A_STATEMENT)
      await this.writeReadsOf(sheet.takeRead(READS_A_STATEMENT));
  }

  renewPriors(): Promise<void> {
    return this.priors.renew();
  }

  /** What another replica has overtaken is put to what stands there then. */
  private async writeBatch(batch: readonly StatDelta[]): Promise<void> {
    let left = batch;
    try {
      for (let tries = 0; left.length > 0 && tries < MOST_TRIES; tries += 1) left = await this.writeOnce(left);
    } finally {
      this.options.sheet.putBack(left);
    }
  }

  /** Answers those that were not written. */
  private async writeOnce(batch: readonly StatDelta[]): Promise<readonly StatDelta[]> {
    const { writer, clock, forgetMs, timeScale } = this.options;
    const before = await this.before(batch);
    const priors = await this.priorsOf(batch);
    const writes = batch.map((delta) =>
      continuedFrom(before.get(delta.key), delta, { priors: priors.get(delta.upstream), forgetMs, timeScale }),
    );
    const nowMs = clock.now();
    const overtaken = new Set(await writer.writeStats(writes, nowMs));
    if (overtaken.size > 0) this.kept.overtaken(nowMs);
    const written = overtaken.size === 0 ? writes : writes.filter(({ key }) => !overtaken.has(key));
    this.tell(
      written.map((write) => this.wrote(write, before.get(write.key), nowMs)),
      nowMs,
    );
    return overtaken.size === 0 ? [] : batch.filter(({ key }) => overtaken.has(key));
  }

  /** Of each key what stands in the store, as far as is known. */
  private async before(batch: readonly StatDelta[]): Promise<Map<string, StatBefore>> {
    const before = new Map<string, StatBefore>();
    const unknown: string[] = [];
    for (const { key } of batch) {
      const kept = this.kept.get(key);
      if (kept === undefined) unknown.push(key);
      else before.set(key, kept);
    }
    if (unknown.length === 0) return before;
    for (const stat of await this.options.writer.readBefore(unknown)) before.set(stat.key, stat);
    return before;
  }

  private async priorsOf(batch: readonly StatDelta[]): Promise<Map<string, PriorRates | undefined>> {
    const priors = new Map<string, PriorRates | undefined>();
    for (const { upstream } of batch) if (!priors.has(upstream)) priors.set(upstream, await this.priors.of(upstream));
    return priors;
  }

  private async writeReadsOf(batch: readonly ReadsDelta[]): Promise<void> {
    const { writer, clock, sheet } = this.options;
    try {
      const nowMs = clock.now();
      const upstreams = new Map(batch.map(({ key, upstream }) => [key, upstream]));
      const stats = await writer.addReads(batch, nowMs);
      for (const { key, reads } of stats) this.kept.readsAre(key, reads, nowMs);
      this.tell(
        stats.map((stat) => Object.assign(stat, { upstream: upstreams.get(stat.key) ?? '' })),
        nowMs,
      );
    } catch (error) {
      sheet.putBackReads(batch);
      throw error;
    }
  }

  private wrote(write: StatWrite, before: StatBefore | undefined, nowMs: number): Learned {
    const { upstream, key, changeRate, cost, revision, history } = write;
    const faded = before === undefined ? 0 : readsAt(nowMs, before, READS_HALF_LIFE_MS / this.options.timeScale);
    const reads = write.reads + faded;
    const refreshes = write.refreshes + (before?.refreshes ?? 0);
    this.kept.wrote({ key, revision, history, refreshes, cost, reads, readsAt: nowMs }, nowMs);
    return { upstream, key, changeRate, cost, reads };
  }

  private tell(learned: readonly Learned[], nowMs: number): void {
    const { bus, publisher } = this.options;
    for (const message of learnedOf(learned, nowMs, () => publisher.envelope({ cause: 'learned' }))) {
      this.priors.wrote(message.upstream);
      publisher.publishCore(bus.subjects.learned, message);
    }
  }

  private tellPriors(upstream: string, priors: PriorRates): void {
    const { bus, publisher, clock } = this.options;
    const message = priorsTold(publisher.envelope({ cause: 'learned' }), upstream, priors, clock.now());
    publisher.publishCore(bus.subjects.learned, message);
  }
}
