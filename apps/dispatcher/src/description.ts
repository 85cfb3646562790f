import { hash } from 'node:crypto';
import { canonicalJson, codingOf, fieldValue, tagsOf } from '#core';
import type { Entry } from '#core';
import { comesInParts } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import { decode } from './body-coding.js';
import type { Described } from './completions.service.js';
import type { KnownEntries } from './known-entries.js';

/**
 * What is stored of an answer besides what was said: its tags, and where its bytes do not tell that what it counts as changed by: with
 * `refresh.volatileFields`, and for what comes alone and in parts of other answers.
 * That of a body which is stored already is not made again: it is there.
 */
export function describerOf(
  { cache, refresh }: Pick<UpstreamConfig, 'cache' | 'refresh'>,
  known: Pick<KnownEntries, 'get'>,
): (entry: Entry, body: Uint8Array | undefined) => Described {
  const { tagHeader, maxBodyBytes } = cache;
  const { volatileFields } = refresh;
  const isInParts = comesInParts(refresh);
  return (entry, body) => {
    const tags = tagsOf(entry.fields, tagHeader);
    if (body === undefined || (volatileFields.length === 0 && !isInParts(entry.path))) return { tags };
    const isStored = known.get(entry.key)?.entry.bodyHash === entry.bodyHash;
    return { tags, changeHash: isStored ? undefined : changeHashOf(entry, body, { volatileFields, maxBodyBytes }) };
  };
}

const JSON_TYPE = /^[^;]*[/+]json\s*(;|$)/i;
const UTF8 = new TextDecoder();

/** Undefined where the body is no JSON, or is in a coding that cannot be undone: then its bytes tell. */
function changeHashOf(
  { fields }: Entry,
  body: Uint8Array,
  { volatileFields, maxBodyBytes }: { volatileFields: readonly string[]; maxBodyBytes: number },
): string | undefined {
  if (!JSON_TYPE.test(fieldValue(fields, 'content-type') ?? '')) return undefined;
  const coding = codingOf(fields);
  const plain = coding === undefined ? body : decode(coding, body, maxBodyBytes);
  const told = plain && canonicalJson(UTF8.decode(plain), volatileFields);
  return told && hash('sha256', told, 'hex');
}
