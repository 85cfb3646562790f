import { isScalar } from 'yaml';
import { DEFAULTS } from './defaults.js';
import type { CacheConfig, CredentialFields, MultiplierConfig, RefreshConfig } from './penstock-config.js';
import { OVERRIDABLE_DIRECTIVES } from './penstock-config.js';
import {
  decimal,
  duration,
  durationAboveZero,
  fieldName,
  flag,
  listOf,
  lowerCase,
  mapping,
  matching,
  oneOf,
  parsed,
  pointer,
  size,
} from './readers.js';
import type { Reader, Reading, Section, Spot } from './reading.js';
import { checkResourcePattern, MAX_EXPANDED_RESOURCES, resourceFileOf } from './resource-pattern.js';
import { lists, together } from './together-section.js';

const RESOURCES_EXPECTED = 'paths such as "/items/{1..6000}", or "file:items.txt"';

const fieldNames = listOf(lowerCase(fieldName), 'default, or a list of field names such as [authorization, x-session]');
const tag = matching('the tag of resources, such as "vip"', /./s);
const queryNames = listOf(matching('the name of a query parameter such as api_key', /^[^\s&=#]+$/));
const pointers = listOf(pointer);

const LEAST_MULTIPLIER = 0.001;
const MOST_MULTIPLIER = 1_000;
const multiplier = decimal(LEAST_MULTIPLIER, MOST_MULTIPLIER);

/** The tags are those that resources are registered with. */
const multipliers = listOf(
  mapping<MultiplierConfig>((section) => ({
    tag: section.required('tag', tag, { expected: 'the tag of resources, such as "vip"', stopgap: '' }),
    by: section.required('by', multiplier, {
      expected: `a number from ${LEAST_MULTIPLIER} to ${MOST_MULTIPLIER}`,
      stopgap: 1,
    }),
  })),
  'a list such as [ { tag: vip, by: 3 } ]',
);

const credentialFields: Reader<CredentialFields> = (spot, reading) => {
  if (isScalar(spot.node) && spot.node.value === 'default') return { kind: 'default' };
  const names = fieldNames(spot, reading);
  return names && { kind: 'list', names };
};

export function readCache(section: Section): CacheConfig {
  const absent = DEFAULTS.cache;
  return {
    profile: section.field('profile', oneOf(['proxy', 'strict']), absent.profile),
    ttlMs: section.field('ttl', duration, absent.ttlMs),
    graceMs: section.field('grace', duration, absent.graceMs),
    keepMs: section.field('keep', duration, absent.keepMs),
    maxBodyBytes: section.field('maxBody', size, absent.maxBodyBytes),
    credentialFields: section.field('credentialFields', credentialFields, absent.credentialFields),
    credentialQuery: section.field('credentialQuery', queryNames, absent.credentialQuery),
    ignoreClientNoCache: section.field('ignoreClientNoCache', flag, absent.ignoreClientNoCache),
    shareAuthorized: section.field('shareAuthorized', flag, absent.shareAuthorized),
    ignoreDirectives: section.field('ignoreDirectives', listOf(oneOf(OVERRIDABLE_DIRECTIVES)), absent.ignoreDirectives),
    tagHeader: section.field('tagHeader', fieldName, absent.tagHeader),
  };
}

export function readRefresh(section: Section): RefreshConfig {
  const absent = DEFAULTS.refresh;
  return {
    background: section.field('background', flag, absent.background),
    maxAgeMs: section.optional('maxAge', durationAboveZero),
    spend: section.field('spend', oneOf(['target', 'all']), absent.spend),
    resources: section.field('resources', resources, absent.resources),
    volatileFields: section.field('volatileFields', pointers, absent.volatileFields),
    multipliers: section.field('multipliers', multipliers, absent.multipliers),
    together: section.field('together', together, absent.together),
    lists: section.field('lists', lists, absent.lists),
  };
}

const resourceText = parsed(RESOURCES_EXPECTED, (text) => (text === '' ? undefined : text));

/** One entry: a pattern of paths, or a file of them, which its reader checks. */
const resource: Reader<string> = (spot, reading) => {
  const entry = resourceText(spot, reading);
  if (entry === undefined || (resourceFileOf(entry) ?? '') !== '') return entry;
  const check = checkResourcePattern(entry);
  return check.kind === 'valid' ? entry : reading.refuse(spot, `${RESOURCES_EXPECTED}; here: ${check.expected}`);
};

const resources: Reader<readonly string[]> = (spot, reading) => {
  const entries = isScalar(spot.node)
    ? one(resource(spot, reading))
    : listOf(resource, RESOURCES_EXPECTED)(spot, reading);
  if (entries !== undefined) refuseTooMany(entries, spot, reading);
  return entries;
};

function one<T>(entry: T | undefined): readonly T[] | undefined {
  return entry === undefined ? undefined : [entry];
}

function refuseTooMany(entries: readonly string[], spot: Spot, reading: Reading): void {
  const total = entries
    .map(checkResourcePattern)
    .reduce((sum, check) => sum + (check.kind === 'valid' ? check.count : 0), 0);
  if (total <= MAX_EXPANDED_RESOURCES) return;
  reading.refuse(spot, `at most ${MAX_EXPANDED_RESOURCES} resources in all patterns together`, {
    found: `${total} resources`,
  });
}
