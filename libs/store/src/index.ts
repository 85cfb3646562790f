export { openStore } from './store.js';
export type { Store, StoreLogger, StoreOptions } from './store.js';
export { StoreNewerThanCode } from './migrate.js';
export { createEntryRepository } from './entry.repository.js';
export type {
  EntryHead,
  EntryRepository,
  EntryTime,
  StaleEntry,
  StaleMark,
  StoredEntry,
} from './entry.repository.js';
export { createEntryWriter } from './entry.writer.js';
export type { EntryWrite, EntryWriter, WriteResult } from './entry.writer.js';
export { createPlanRepository } from './plan.repository.js';
export type { PlanPage, PlanPageQuestion, PlanRepository } from './plan.repository.js';
export { createReplyRepository, createReplyWriter } from './reply.repository.js';
export type { Reply, ReplyRepository, ReplyWriter } from './reply.repository.js';
export { createResourceRepository, createResourceWriter } from './resource.repository.js';
export type { Resource, ResourceRepository, ResourceSelection, ResourceWriter } from './resource.repository.js';
export { createResourceStatRepository } from './resource-stat.repository.js';
export type { ResourceStat, ResourceStatRepository, StatCursor } from './resource-stat.repository.js';
export { createResourceStatWriter, READS_HALF_LIFE_MS } from './resource-stat.writer.js';
export type { ReadsDelta, ReadStat, ResourceStatWriter, StatBefore, StatWrite } from './resource-stat.writer.js';
export { createScopeViewRepository, createScopeViewWriter } from './scope-view.repository.js';
export type { ScopeView, ScopeViewRepository, ScopeViewWriter } from './scope-view.repository.js';
export { createStaleMarkWriter } from './stale-mark.writer.js';
export type { MarkedUrl, StaleMarking, StaleMarkWriter } from './stale-mark.writer.js';
export { createUrlRepository } from './url.repository.js';
export type { UrlRepository, UrlSelection } from './url.repository.js';
export { createUpstreamRepository, createUpstreamWriter } from './upstream.repository.js';
export type { UpstreamRecord, UpstreamRepository, UpstreamWriter } from './upstream.repository.js';
export { createListCursorRepository, createListCursorWriter } from './list-cursor.repository.js';
export type { ListCursor, ListCursorRepository, ListCursorWriter } from './list-cursor.repository.js';
