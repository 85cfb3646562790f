import { fieldValue, type Fields } from './fields.js';

const NONE: readonly string[] = [];
/** What vendors of caches take (Cloudflare: 1,024 characters, about a thousand in a field); an index takes no longer ones. */
const LONGEST_TAG = 1_024;
const MOST_TAGS = 1_000;

/** The tags of an answer, from a field such as `Cache-Tag: product-7, price` or `Surrogate-Key: product-7 price`; each once. */
export function tagsOf(fields: Fields, fieldName: string): readonly string[] {
  const value = fieldValue(fields, fieldName);
  if (value === undefined) return NONE;
  const tags = value.split(/[\s,]+/).filter((tag) => tag !== '' && tag.length <= LONGEST_TAG);
  return [...new Set(tags)].slice(0, MOST_TAGS);
}
