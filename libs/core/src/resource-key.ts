import { hash } from 'node:crypto';

export interface ResourceIdentity {
  readonly upstream: string;
  readonly url: string;
  readonly partition: string;
  readonly variant: string;
}

const KEY_DIGITS = 32;

/** Key of one entry. The method is always GET: HEAD shares its entry. */
export function keyOf({ upstream, url, partition, variant }: ResourceIdentity): string {
  return digestOf('GET ' + counted(upstream) + counted(url) + counted(partition) + counted(variant));
}

/** Shared by all partitions and variants of a URL: what a write makes invalid. */
export function urlHashOf(upstream: string, url: string): string {
  return digestOf('GET ' + counted(upstream) + counted(url));
}

/** With its length before it no part can run into the next one, whatever characters it holds. */
function counted(part: string): string {
  return `${part.length}:${part}`;
}

function digestOf(text: string): string {
  return hash('sha256', text).slice(0, KEY_DIGITS);
}
