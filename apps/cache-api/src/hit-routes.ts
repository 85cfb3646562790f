import { partitionOf, SHARED_PARTITION, urlOf } from '#core';
import type { ClientCall } from './client-call.js';
import type { UpstreamView } from './upstream-view.js';

/** Where a request target leads, once it has been taken apart. */
export interface HitRoute {
  readonly upstream: UpstreamView;
  readonly path: string;
  readonly url: string;
  /** Under which the shared partition is held in memory. */
  readonly sharedId: string;
}

const FEWEST = 1_000;

/**
 * Request targets that led to a stored answer, by their bytes. In two generations: what was not asked for while as many others were
 * learned as there are entries in memory is forgotten. So it is never more than twice of what is in memory, and what it takes is counted
 * there.
 */
export class HitRoutes {
  private young = new Map<string, HitRoute>();
  private old = new Map<string, HitRoute>();

  constructor(private readonly heldEntries: () => number) {}

  get(target: string): HitRoute | undefined {
    const route = this.young.get(target);
    if (route !== undefined) return route;
    const older = this.old.get(target);
    if (older !== undefined) this.add(target, older);
    return older;
  }

  learn(target: string, { upstream, path }: ClientCall): void {
    if (this.young.has(target) || holdsCredentials(upstream, path)) return;
    const url = urlOf(upstream.config.baseUrl, path);
    this.add(target, { upstream, path, url, sharedId: placeId(upstream, SHARED_PARTITION, url) });
  }

  private add(target: string, route: HitRoute): void {
    if (this.young.size >= Math.max(FEWEST, this.heldEntries())) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(target, route);
  }
}

/** Then the partition is not the asker's alone. */
function holdsCredentials({ config, partitionKey }: UpstreamView, path: string): boolean {
  const { credentialFields: rule, credentialQuery } = config.cache;
  const mark = path.indexOf('?');
  const query = mark === -1 ? '' : path.slice(mark);
  return partitionOf({ fields: [], query, rule, credentialQuery, hmacKey: partitionKey }) !== SHARED_PARTITION;
}

export function placeId(upstream: UpstreamView, partition: string, url: string): string {
  return `${upstream.id}\n${partition}\n${url}`;
}
