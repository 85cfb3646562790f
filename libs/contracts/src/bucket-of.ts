import { globMatch } from './config/glob-match.js';
import type { BucketConfig, CostConfig } from './config/penstock-config.js';

/** The first declared bucket whose pattern matches a path; the query does not count. Undefined: none does. */
export function bucketOf(buckets: readonly BucketConfig[], path: string): string | undefined {
  return firstMatch(buckets, path)?.name;
}

/** What a call to this path is charged; undefined: the configuration does not say. */
export function costOf(costs: readonly CostConfig[], path: string): number | undefined {
  return firstMatch(costs, path)?.cost;
}

function firstMatch<Declared extends { readonly match: string }>(
  declared: readonly Declared[],
  path: string,
): Declared | undefined {
  if (declared.length === 0) return undefined;
  const [plain = ''] = path.split('?', 1);
  return declared.find(({ match }) => globMatch(match, plain, 'path'));
}
