import { setImmediate as nextTurn } from 'node:timers/promises';
import { costOf, costTogether, jointRulesOf } from '#contracts';
import type { JointRule, UpstreamConfig } from '#contracts';
import type { Clock } from '#runtime';
import type { EntryRepository, Resource, ResourceRepository, ResourceStat, ResourceStatRepository } from '#store';
import type { Learned, RefreshPlan } from './plan.js';
import type { PlannedResource } from './planned.js';

export interface PlanReadingOptions {
  readonly upstream: string;
  readonly resources: Pick<ResourceRepository, 'listResources' | 'countResources'>;
  readonly entries: Pick<EntryRepository, 'readTimesOf'>;
  readonly stats: Pick<ResourceStatRepository, 'readStats' | 'readPriors'>;
  readonly clock: Clock;
  readonly timeScale: number;
}

/** Some milliseconds of work each, for the store as for us: in between everything else has its turn. */
const ROWS_A_PAGE = 1_000;
const SLOTS_A_TURN = 20_000;

/** Reads the plan of one upstream from the store, in pages, while the plan goes on. */
export class PlanReadingService {
  private isClosed = false;

  constructor(
    private readonly plan: RefreshPlan,
    private readonly options: PlanReadingOptions,
  ) {}

  close(): void {
    this.isClosed = true;
  }

  /** What is to be planned, and of what is new what is stored. */
  async readList(config: UpstreamConfig): Promise<void> {
    const { upstream, resources, clock, timeScale } = this.options;
    const { list } = this.plan;
    const { background, maxAgeMs } = config.refresh;
    const expected = background ? await resources.countResources(upstream) : 0;
    this.plan.expectChangeEvery(maxAgeMs === undefined ? undefined : maxAgeMs / timeScale);
    list.begin(expected);
    for await (const { page, before } of this.pagesOf(expected)) {
      const added = list.read(plannedOf(page, config, timeScale), { before, expected }, clock.now());
      await this.readTimesOf(added);
    }
    for (let from: number | undefined = 0; from !== undefined && !this.isClosed; await nextTurn())
      from = list.end(from, SLOTS_A_TURN);
  }

  /** Facts were missed: what is stored of all that is planned, and known of it. */
  async readAllTimes(): Promise<void> {
    for (let from: number | undefined = 0; from !== undefined && !this.isClosed;) {
      const { urlHashes, next }: { urlHashes: string[]; next: number | undefined } = this.plan.list.some(
        from,
        ROWS_A_PAGE,
      );
      await this.readTimesOf(urlHashes);
      from = next;
    }
  }

  /** What is stored of those of which something is stored that was not heard of. */
  async readDoubted(): Promise<void> {
    const urlHashes = this.plan.takeDoubted(ROWS_A_PAGE);
    try {
      await this.readTimesOf(urlHashes);
    } catch (error) {
      this.plan.doubt(urlHashes);
      throw error;
    }
  }

  /** What refreshers have learned so far; from then on they tell it. */
  async readLearned(): Promise<void> {
    const { upstream, stats, clock } = this.options;
    const priors = await stats.readPriors(upstream);
    if (priors !== undefined) this.plan.learnPriors(priors);
    for (let after: ResourceStat | undefined; !this.isClosed;) {
      const page: ResourceStat[] = await stats.readStats(upstream, after, ROWS_A_PAGE);
      for (const learned of learnedOf(page)) this.plan.learnStats(learned, clock.now());
      after = page.at(-1);
      if (page.length < ROWS_A_PAGE) return;
    }
  }

  private async *pagesOf(expected: number): AsyncIterable<{ page: readonly Resource[]; before: number }> {
    const { upstream, resources } = this.options;
    let after = '';
    for (let before = 0; expected > 0 && !this.isClosed;) {
      const page: Resource[] = await resources.listResources(upstream, after, ROWS_A_PAGE);
      if (page.length > 0) yield { page, before };
      before += page.length;
      if (page.length < ROWS_A_PAGE) return;
      after = page.at(-1)?.path ?? after;
    }
  }

  private async readTimesOf(urlHashes: readonly string[]): Promise<void> {
    if (urlHashes.length === 0) return;
    const times = await this.options.entries.readTimesOf(urlHashes);
    this.plan.learnEntries(times, this.options.clock.now());
  }
}

function plannedOf(page: readonly Resource[], config: UpstreamConfig, timeScale: number): PlannedResource[] {
  const multipliers = new Map(config.refresh.multipliers.map(({ tag, by }) => [tag, by]));
  const rules = jointRulesOf(config.refresh.together);
  return page.map(({ path, key, urlHash, maxAgeMs: ownMaxAgeMs, weight, tags }) => {
    const maxAgeMs = ownMaxAgeMs ?? config.refresh.maxAgeMs;
    return {
      path,
      key,
      urlHash,
      maxAgeMs: maxAgeMs === undefined ? undefined : maxAgeMs / timeScale,
      isFloor: ownMaxAgeMs !== null,
      weight: tags.reduce((product, tag) => product * (multipliers.get(tag) ?? 1), weight),
      cost: configuredCost(path, config, rules),
    };
  });
}

function configuredCost(path: string, { limits }: UpstreamConfig, rules: readonly JointRule[]): number {
  return costTogether(rules, path) ?? costOf(limits.costs, path) ?? 1;
}

/** Read in an order of its own: those whose reads stand as of one moment go together. */
function learnedOf(page: readonly ResourceStat[]): Learned[] {
  return page.map(({ key, changeRate, reads, readsAt, cost }) => ({
    keys: [key],
    changeRates: [changeRate],
    reads: [reads],
    readsAt,
    costs: [cost],
  }));
}
