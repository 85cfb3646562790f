import {
  fieldValue,
  partitionOf,
  SHARED_PARTITION,
  takesCoding,
  variantOf,
  withoutCredentials,
  withoutHopByHop,
} from '#core';
import type { Field, Fields } from '#core';
import { headFaultOf } from './request-head.js';
import type { UpstreamView } from './upstream-view.js';

/**
 * Everything that a header section says about which stored answer it asks for, worked out once: a client sends the same lines with each
 * of its requests.
 */
export class Asker {
  private readonly partitions = new Map<UpstreamView, string>();
  private readonly variants = new Map<UpstreamView, Map<string, string>>();

  private readonly codings = new Map<string, boolean>();

  constructor(private readonly fields: Fields) {}

  /** For a path whose query holds no credentials. */
  partitionAt(upstream: UpstreamView): string {
    if (upstream.config.credentials !== undefined) return SHARED_PARTITION;
    let partition = this.partitions.get(upstream);
    if (partition === undefined) {
      const { credentialFields: rule, credentialQuery } = upstream.config.cache;
      const { fields } = this;
      partition = partitionOf({ fields, query: '', rule, credentialQuery, hmacKey: upstream.partitionKey });
      remember(this.partitions, upstream, partition);
    }
    return partition;
  }

  variantAt(upstream: UpstreamView, vary: readonly string[]): string {
    if (vary.length === 0) return '';
    let known = this.variants.get(upstream);
    if (known === undefined) remember(this.variants, upstream, (known = new Map<string, string>()));
    const names = vary.join();
    let variant = known.get(names);
    if (variant === undefined) {
      variant = variantOf(vary, withoutCredentials(this.fields, upstream.config.cache.credentialFields));
      remember(known, names, variant);
    }
    return variant;
  }

  takes(coding: string): boolean {
    let takes = this.codings.get(coding);
    if (takes === undefined) {
      takes = takesCoding(fieldValue(this.fields, 'accept-encoding'), coding);
      remember(this.codings, coding, takes);
    }
    return takes;
  }
}

/** More than one configuration has upstreams, and one API has lists of Vary fields; keeps the memory flat over many reloads. */
const MOST_REMEMBERED = 64;

function remember<K, V>(known: Map<K, V>, key: K, value: V): void {
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(key, value);
}

/** RFC 9110 5.1 and 5.5, with at least one visible character, all of them ASCII: what is odd in any way is for the general path. */
const LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/;

/**
 * Fields that do not change how a stored answer is given, beyond the partition and the variant that they choose. What is not listed here
 * (Cache-Control, Range, Prefer, any condition, whatever is yet to be invented) takes the general path.
 */
const HARMLESS = new Set([
  'host',
  'connection',
  'user-agent',
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'authorization',
  'baggage',
  'content-type',
  'cookie',
  'dnt',
  'from',
  'origin',
  'priority',
  'proxy-authorization',
  'referer',
  'traceparent',
  'tracestate',
  'upgrade-insecure-requests',
]);
const HARMLESS_PREFIX = /^(?:x-|sec-)/;

/** Of a header section without its last line end; undefined where the general path has to look at it. */
export function askerOf(section: string, isAdmitted: (proxyAuthorization: string) => boolean): Asker | undefined {
  const fields: Field[] = [];
  const named = new Map<string, string>();
  for (const line of section.split('\r\n')) {
    const [, name = '', value = ''] = LINE.exec(line) ?? [];
    const lowercase = name.toLowerCase();
    if (!isHarmless(lowercase) || (SINGLE.has(lowercase) && named.has(lowercase))) return undefined;
    named.set(lowercase, value);
    fields.push([name, value]);
  }
  const fault = headFaultOf({ method: 'GET', target: '', version: '1.1', fields });
  return fault === undefined && isPlain(named) && isAdmitted(named.get('proxy-authorization') ?? '')
    ? new Asker(withoutHopByHop(fields))
    : undefined;
}

function isHarmless(lowercase: string): boolean {
  return HARMLESS.has(lowercase) || HARMLESS_PREFIX.test(lowercase);
}

/** Each of these says one thing: a second line would be a riddle. */
const SINGLE = new Set(['host', 'connection', 'proxy-authorization', 'content-type']);

function isPlain(named: ReadonlyMap<string, string>): boolean {
  return named.has('host') && (named.get('connection') ?? KEEP_ALIVE).toLowerCase() === KEEP_ALIVE;
}

const KEEP_ALIVE = 'keep-alive';
