import { readCache, readRefresh } from './cache-section.js';
import { DEFAULTS } from './defaults.js';
import { readLimits } from './limits-section.js';
import type { CredentialsConfig, LaneRule, UpstreamConfig } from './penstock-config.js';
import { isPrivateHost } from './private-address.js';
import { fieldName, flag, glob, listOf, lowerCase, mapping, oneOf, parsed, size } from './readers.js';
import type { Reader, Reading, Section, Spot } from './reading.js';
import { textWithReferences } from './reference-text.js';
import { splitReferences } from './references.js';
import { readPause, readRetry, readTimeouts } from './retry-section.js';
import { proxy, readTls } from './transport-section.js';
import { BASE_URL_EXPECTED, HOST_EXPECTED, parseBaseUrl, parseHost } from './upstream-url.js';

const CREDENTIALS_EXPECTED = 'a text such as "Bearer ${CRM_TOKEN}" or "${file:/run/secrets/crm}"';

const LANES = ['now', 'soon', 'later'] as const;

const baseUrl = parsed(BASE_URL_EXPECTED, parseBaseUrl);
const host = parsed(HOST_EXPECTED, parseHost);

const when = mapping((section) => ({
  header: section.required('header', lowerCase(fieldName), {
    expected: 'a field name such as User-Agent',
    stopgap: '',
  }),
  match: section.required('match', glob, { expected: 'a pattern such as "nightly*"', stopgap: '' }),
}));

const laneRule = mapping<LaneRule>((section) => ({
  ...section.required('when', when, {
    expected: 'a mapping such as { header: User-Agent, match: "nightly*" }',
    stopgap: { header: '', match: '' },
  }),
  lane: section.required('lane', oneOf(LANES), { expected: `one of ${LANES.join(', ')}`, stopgap: 'now' as const }),
}));

const credentials = mapping<CredentialsConfig>((section) => ({
  header: section.required('header', fieldName, { expected: 'a field name such as Authorization', stopgap: '' }),
  value: section.required('value', credentialsValue, { expected: CREDENTIALS_EXPECTED, stopgap: '' }),
}));

function credentialsValue(spot: Spot, reading: Reading): string | undefined {
  const text = textWithReferences(CREDENTIALS_EXPECTED)(spot, reading);
  if (text !== undefined && splitReferences(text).every(({ kind }) => kind === 'literal')) {
    reading.warnings.push(
      `${spot.path} holds the secret itself; a reference such as \${NAME} keeps it out of the file`,
    );
  }
  return text;
}

/** `claimed` holds the path at which each host was declared first, over all upstreams. */
function unclaimedHost(claimed: Map<string, string>): Reader<string> {
  return (spot, reading) => {
    const name = host(spot, reading);
    if (name === undefined) return undefined;
    const first = claimed.get(name);
    if (first === undefined) claimed.set(name, spot.path);
    else
      reading.refuse(spot, 'each host once, in one upstream', {
        found: `${JSON.stringify(name)}, which is ${first} already`,
      });
    return name;
  };
}

export function readUpstream(id: string, section: Section, claimed: Map<string, string>): UpstreamConfig {
  const url = section.required('baseUrl', baseUrl, { expected: BASE_URL_EXPECTED, stopgap: 'http://missing.invalid' });
  return {
    id,
    baseUrl: url,
    hosts: section.field('hosts', listOf(unclaimedHost(claimed), 'a list such as [api.crm.example]'), DEFAULTS.hosts),
    credentials: section.optional('credentials', credentials),
    defaultLane: section.field('defaultLane', oneOf(LANES), DEFAULTS.defaultLane),
    lanes: section.field('lanes', listOf(laneRule), DEFAULTS.lanes),
    limits: section.part('limits', readLimits),
    pause: section.part('pause', readPause),
    retry: section.part('retry', readRetry),
    timeouts: section.part('timeouts', readTimeouts),
    cache: section.part('cache', readCache),
    refresh: section.part('refresh', readRefresh),
    allowPrivateAddresses: readAllowPrivate(section, url),
    proxy: section.optional('proxy', proxy),
    tls: section.part('tls', readTls),
    maxRequestBodyBytes: section.field('maxRequestBody', size, DEFAULTS.maxRequestBodyBytes),
  };
}

function readAllowPrivate(section: Section, url: string): boolean {
  const isAllowed = section.field('allowPrivateAddresses', flag, DEFAULTS.allowPrivateAddresses);
  return isAllowed || isPrivateHost(new URL(url).hostname);
}
