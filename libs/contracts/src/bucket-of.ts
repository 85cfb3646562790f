import { globMatch } from './config/glob-match.js';
import type { BucketConfig } from './config/penstock-config.js';

/** The first declared bucket whose pattern matches a path; the query does not count. Undefined: none does. */
export function bucketOf(buckets: readonly BucketConfig[], path: string): string | undefined {
  if (buckets.length === 0) return undefined;
  const [plain = ''] = path.split('?', 1);
  return buckets.find(({ match }) => globMatch(match, plain, 'path'))?.name;
}
