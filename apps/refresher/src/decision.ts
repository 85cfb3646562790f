import { compareVersions, validatorsOf } from '#core';
import type { Fields, Version } from '#core';
import type { FetchWork, RefreshLane, RefreshWork } from '#contracts';
import type { EntryHead } from '#store';

export type Decision =
  | { readonly kind: 'skip'; readonly reason: 'overtaken' }
  | { readonly kind: 'fetch'; readonly lane: RefreshLane; readonly order: FetchOrder };

/** What is to be asked for, and with which conditions. */
export type FetchOrder = Pick<FetchWork, 'have' | 'requestFields' | 'validators'>;

/** Whether to fetch, and how, by what is stored now. */
export function decide(work: Pick<RefreshWork, 'have' | 'reason' | 'lane'>, head: EntryHead | undefined): Decision {
  const lane = laneOf(work);
  if (head === undefined) return { kind: 'fetch', lane, order: { have: work.have, requestFields: [], validators: [] } };
  if (isGood(head) && isNewer(head, work)) return { kind: 'skip', reason: 'overtaken' };
  const have = newestKnown(head, work);
  return { kind: 'fetch', lane, order: { have, requestFields: head.requestFields, validators: conditionsOf(head) } };
}

/** The store has not yet what the asker saw: without it neither its validators nor the fields of its variant are known. */
export function isBehind(head: EntryHead | undefined, { have }: Pick<RefreshWork, 'have'>): boolean {
  return have !== null && (head === undefined || compareVersions(have, head.version) > 0);
}

/** What the asker saw may be on its way to the store still: named by less, the fetch of its successor would be moot to the holder. */
function newestKnown({ version }: EntryHead, { have }: Pick<RefreshWork, 'have'>): Version {
  return have !== null && compareVersions(have, version) > 0 ? have : version;
}

export function laneOf({ reason, lane }: Pick<RefreshWork, 'reason' | 'lane'>): RefreshLane {
  return lane ?? (reason === 'stale-read' ? 'soon' : 'later');
}

/** What a write made invalid, or what has changed since, is no successor of anything, however new. */
function isGood({ isInvalid, isKnownStale }: EntryHead): boolean {
  return !isInvalid && !isKnownStale;
}

function isNewer({ version }: EntryHead, { have }: Pick<RefreshWork, 'have'>): boolean {
  return have === null || compareVersions(version, have) > 0;
}

/** After a write the whole answer is wanted: that the old one still holds is nothing to rely on. Of what others say has changed it is. */
function conditionsOf({ isInvalid, etag, lastModified }: EntryHead): Fields {
  if (isInvalid) return [];
  return validatorsOf({ etag: etag ?? undefined, lastModified: lastModified ?? undefined });
}
