export { checkNamespace } from './namespace.js';
export { createSubjects, DEFAULT_BUCKET } from './subjects.js';
export type { EventName, RefreshLane, Subjects } from './subjects.js';
export { eventNameOf, WORK_PATTERNS, workPlaceOf } from './work-patterns.js';
export type { WorkPattern, WorkPlace } from './work-patterns.js';
export {
  declareBuckets,
  declareConsumers,
  declareStreams,
  leaseKeys,
  LEASE_MARGIN_MS,
  LEASE_RENEW_MS,
  LEASE_TTL_MS,
} from './streams.js';
export type {
  AppName,
  BucketDeclaration,
  ConsumerDeclaration,
  ConsumerDeclarations,
  StreamDeclaration,
  StreamName,
} from './streams.js';
export type {
  BodyStreamRef,
  CallMessage,
  CallReply,
  CancelMessage,
  ControlWork,
  DeadMessage,
  DoorReply,
  DoorRequest,
  Envelope,
  EventMessage,
  EventPayloads,
  FailureCode,
  FetchWork,
  HolderRequest,
  MarkMessage,
  ReadCounts,
  RefreshWork,
  ResourceRef,
  UpstreamState,
  UpstreamStateKind,
} from './messages.js';
export { CHUNK_BYTES, decodeFrame, encodeFrame, FrameError, INLINE_BODY_BYTES } from './frame.js';
