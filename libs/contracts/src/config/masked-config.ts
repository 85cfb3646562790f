import type { DataPlaneConfig, PenstockConfig, UpstreamConfig } from './penstock-config.js';
import { splitReferences } from './references.js';

const MASK = '***';

export interface MaskedConfig {
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  readonly dataPlane: DataPlaneConfig;
}

/** The configuration as it may be shown: references stay, what may be a secret does not. */
export function maskedConfig(config: PenstockConfig): MaskedConfig {
  const upstreams = [...config.upstreams].map(([id, upstream]) => [id, masked(upstream)] as const);
  return { upstreams: Object.fromEntries(upstreams), dataPlane: config.dataPlane };
}

function masked(upstream: UpstreamConfig): UpstreamConfig {
  const { credentials, proxy, refresh, cache } = upstream;
  return {
    ...upstream,
    proxy: proxy && maskedProxy(proxy),
    credentials: credentials && { ...credentials, value: maskedValue(credentials.value) },
    refresh: { ...refresh, resources: refresh.resources.map((entry) => maskedQuery(entry, cache.credentialQuery)) },
  };
}

/** `Bearer ${CRM_TOKEN}` is shown as it is; of anything else written out only the name of its scheme. */
function maskedValue(value: string): string {
  return splitReferences(value)
    .map((part) => {
      if (part.kind === 'variable') return `\${${part.name}}`;
      if (part.kind === 'file') return `\${file:${part.path}}`;
      return part.text.replace(
        /^((?:bearer|basic|token|apikey) +)?(.*)$/is,
        (_, scheme = '', rest: string) => scheme + (rest && MASK),
      );
    })
    .join('');
}

/** Of user and password only references are shown; a file or variable that holds the whole URL is one. */
function maskedProxy(url: string): string {
  return url.replace(
    /^(https?:\/\/)(.*)@/is,
    (_, scheme: string, user: string) => `${scheme}${maskedReferences(user)}@`,
  );
}

function maskedReferences(text: string): string {
  return splitReferences(text)
    .map((part) => {
      if (part.kind === 'variable') return `\${${part.name}}`;
      if (part.kind === 'file') return `\${file:${part.path}}`;
      return part.text.replaceAll(/[^:]+/g, MASK);
    })
    .join('');
}

function maskedQuery(entry: string, names: readonly string[]): string {
  return entry.replace(/([?&])([^=&]+)=([^&]*)/g, (pair, lead: string, name: string) =>
    names.includes(name) ? `${lead}${name}=${MASK}` : pair,
  );
}
