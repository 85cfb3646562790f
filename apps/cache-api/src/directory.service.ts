import type { Router, Target } from '#core';
import type { UpstreamConfig } from '#contracts';
import type { ConfiguredUpstream, Logger } from '#runtime';
import type { ResourceRepository, UpstreamRepository } from '#store';
import { routerOf, viewOf } from './upstream-view.js';
import type { UpstreamView } from './upstream-view.js';

const LOOK_FOR_RESOURCES_EVERY_MS = 2_000;

/** The upstreams of the configuration in force, and which of their paths are planned. */
export class DirectoryService {
  private views = new Map<string, UpstreamView>();
  private router: Router = routerOf([]);
  private readonly revisions = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly upstreams: Pick<UpstreamRepository, 'readResourceRevisions'>,
    private readonly resources: Pick<ResourceRepository, 'readResources'>,
    private readonly logger: Pick<Logger, 'debug'>,
  ) {
    this.timer = setInterval(() => void this.lookForResources(), LOOK_FOR_RESOURCES_EVERY_MS);
    this.timer.unref();
  }

  async apply(configured: readonly ConfiguredUpstream<UpstreamConfig>[]): Promise<void> {
    this.views = new Map(configured.map((upstream) => [upstream.id, viewOf(upstream)]));
    this.router = routerOf(this.views.values());
    this.revisions.clear();
    await this.lookForResources();
  }

  route(requestTarget: string): Target {
    return this.router.route(requestTarget);
  }

  get(id: string): UpstreamView | undefined {
    return this.views.get(id);
  }

  list(): UpstreamView[] {
    return [...this.views.values()];
  }

  /** A list that this very process changed is looked at without waiting. */
  async lookForResources(): Promise<void> {
    try {
      const revisions = await this.upstreams.readResourceRevisions();
      for (const view of this.views.values()) await this.reload(view, revisions.get(view.id) ?? 0);
    } catch (error) {
      this.logger.debug({ err: error }, 'the lists of resources could not be read; trying again');
    }
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async reload(view: UpstreamView, revision: number): Promise<void> {
    if (this.revisions.get(view.id) === revision) return;
    const resources = await this.resources.readResources(view.id);
    view.planned.clear();
    for (const { path, maxAgeMs } of resources) if (isPlanned(view.config, maxAgeMs)) view.planned.add(path);
    this.revisions.set(view.id, revision);
  }
}

/** Without a maxAge the scheduler has nothing to go by, unless all of the budget is to be spent: then traffic alone refreshes it. */
function isPlanned({ refresh }: UpstreamConfig, ownMaxAgeMs: number | null): boolean {
  const hasTurns = ownMaxAgeMs !== null || refresh.maxAgeMs !== undefined || refresh.spend === 'all';
  return refresh.background && hasTurns;
}
