import { createHmac } from 'node:crypto';
import { createRouter, keyOf, SHARED_PARTITION, urlHashOf, urlOf } from '#core';
import type { CachePolicy, Router } from '#core';
import { cachePolicyOf } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import type { ConfiguredUpstream } from '#runtime';

/** One upstream as this process sees it. */
export interface UpstreamView {
  readonly id: string;
  readonly config: UpstreamConfig;
  readonly configVersion: number;
  readonly partitionKey: Uint8Array;
  readonly policy: CachePolicy;
  /**
   * RFC 9110 7.6.3: our pseudonym in the Via of what we send there. Of this upstream of this installation, on every replica: whoever comes
   * back under it has been here before, while one Penstock may well stand behind another.
   */
  readonly viaName: string;
  /** Paths that the scheduler keeps fresh, so that a read need not ask for it. */
  readonly planned: Set<string>;
}

export function viewOf(upstream: ConfiguredUpstream<UpstreamConfig>): UpstreamView {
  return {
    id: upstream.id,
    config: upstream.config,
    configVersion: upstream.version,
    partitionKey: upstream.partitionKey,
    viaName: `penstock-${createHmac('sha256', upstream.partitionKey).update('via').digest('hex').slice(0, 8)}`,
    policy: cachePolicyOf(upstream.config),
    planned: new Set(),
  };
}

export function routerOf(views: Iterable<UpstreamView>): Router {
  return createRouter([...views].map(({ id, config }) => ({ id, baseUrl: config.baseUrl, hosts: config.hosts })));
}

/** The names under which a path of an upstream is kept in the shared partition. */
export function placeInStore(upstream: string, baseUrl: string, path: string): { key: string; urlHash: string } {
  const url = urlOf(baseUrl, path);
  return {
    key: keyOf({ upstream, url, partition: SHARED_PARTITION, variant: '' }),
    urlHash: urlHashOf(upstream, url),
  };
}
