import { DIALECT_NAMES } from '#core';
import { DEFAULTS } from './defaults.js';
import type { BucketConfig, CostConfig, LimitsConfig, WindowConfig } from './penstock-config.js';
import { durationAboveZero, id, ID_EXPECTED, integer, listOf, mapping, oneOf, pathGlob, share } from './readers.js';
import type { Reader, Reading, Section, Spot } from './reading.js';
import { DURATION_EXPECTED } from './units.js';

const MAX_CALLS = 1_000_000_000;
const MAX_CONCURRENCY = 10_000;

const callsPerWindow = integer(1, MAX_CALLS);

const window = mapping<WindowConfig>((section) => ({
  limit: section.required('limit', callsPerWindow, { expected: `an integer from 1 to ${MAX_CALLS}`, stopgap: 1 }),
  perMs: section.required('per', durationAboveZero, { expected: DURATION_EXPECTED, stopgap: 1 }),
}));

const windows = listOf(window, 'a list such as [ { limit: 100, per: 1s } ] (leave it out to have the limit learned)');

const bucket = mapping<BucketConfig>((section) => ({
  name: section.required('name', id, { expected: ID_EXPECTED, stopgap: '' }),
  match: section.required('match', pathGlob, { expected: 'a path pattern such as "/search/**"', stopgap: '' }),
  windows: section.field('windows', windows, []),
}));

const buckets: Reader<readonly BucketConfig[]> = (spot, reading) => {
  const found = listOf(bucket)(spot, reading);
  found?.forEach(({ name }, index) => refuseTakenName(name, found.slice(0, index), { spot, reading }));
  return found;
};

/** `default` is the bucket of the calls that match none: its name stands in the subjects of their work. */
function refuseTakenName(
  name: string,
  earlier: readonly BucketConfig[],
  { spot, reading }: { spot: Spot; reading: Reading },
): void {
  const isTaken = name === 'default' || earlier.some((other) => other.name === name);
  if (isTaken && name !== '') {
    reading.refuse(spot, 'names that differ from each other and from "default"', { found: JSON.stringify(name) });
  }
}

const costs = listOf(
  mapping<CostConfig>((section) => ({
    match: section.required('match', pathGlob, { expected: 'a path pattern such as "/search/**"', stopgap: '' }),
    cost: section.required('cost', callsPerWindow, { expected: `an integer from 1 to ${MAX_CALLS}`, stopgap: 1 }),
  })),
);

export function readLimits(section: Section): LimitsConfig {
  const absent = DEFAULTS.limits;
  return {
    dialect: section.field('dialect', oneOf(DIALECT_NAMES), absent.dialect),
    windows: section.field('windows', windows, absent.windows),
    concurrency: section.field('concurrency', integer(1, MAX_CONCURRENCY), absent.concurrency),
    reserve: section.field('reserve', share, absent.reserve),
    backgroundFloor: section.field('backgroundFloor', share, absent.backgroundFloor),
    buckets: section.field('buckets', buckets, absent.buckets),
    per: section.field('per', oneOf(['upstream', 'credential']), absent.per),
    costs: section.field('costs', costs, absent.costs),
    notModifiedCost: section.optional('notModifiedCost', integer(0, MAX_CALLS)),
    throttleBudget: section.field('throttleBudget', integer(1, MAX_CALLS), absent.throttleBudget),
  };
}
