import { DEFAULTS } from './defaults.js';
import type { UpstreamConfig } from './penstock-config.js';

type Settings = Omit<UpstreamConfig, 'id' | 'baseUrl'>;

interface NotYet {
  readonly key: string;
  readonly setting: (settings: Settings) => unknown;
}

/** The keys that are read and checked, and then not acted on yet. Take a line out when its feature is in. */
const NOT_YET: readonly NotYet[] = [{ key: 'cache.shareAuthorized', setting: ({ cache }) => cache.shareAuthorized }];

export function notYetWarnings(upstream: UpstreamConfig): string[] {
  return NOT_YET.filter((entry) => isAskedFor(entry, upstream)).map(
    ({ key }) => `upstreams.${upstream.id}.${key} is set, but this version does not act on it yet`,
  );
}

function isAskedFor({ setting }: NotYet, upstream: UpstreamConfig): boolean {
  return JSON.stringify(setting(upstream)) !== JSON.stringify(setting(DEFAULTS));
}
