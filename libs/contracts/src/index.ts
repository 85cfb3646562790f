export { checkNamespace } from './namespace.js';
export { createSubjects, DEFAULT_BUCKET } from './subjects.js';
export type { EventName, RefreshLane, Subjects } from './subjects.js';
export { eventNameOf, WORK_PATTERNS, workPlaceOf } from './work-patterns.js';
export type { WorkPattern, WorkPlace } from './work-patterns.js';
export {
  batchToken,
  callsIn,
  fetchesOf,
  inBatches,
  isBatch,
  MOST_BATCHED,
  MOST_BATCHED_CHARS,
  singleOf,
  singlesOf,
  singleSubjectOf,
} from './batch.js';
export type { Batch, FetchBatch, FetchItem, RefreshBatch, RefreshItem } from './batch.js';
export { comesInParts, costTogether, inJointCalls, jointRuleOf, jointRulesOf } from './joint-calls.js';
export type { JointRule } from './joint-calls.js';
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
  DeadAttempt,
  DeadMessage,
  DeferredFetch,
  DeferredOutcome,
  DoorReply,
  DoorRequest,
  Envelope,
  EventMessage,
  EventPayloads,
  FailureCode,
  FetchWork,
  FlowingBodyRef,
  HolderRequest,
  KeptFetch,
  MarkMessage,
  LearnedStats,
  ReadCounts,
  StaleUrl,
  RefreshWork,
  ResourceRef,
} from './messages.js';
export type {
  LearnedLimit,
  UpstreamBreakerState,
  UpstreamScopeState,
  UpstreamState,
  UpstreamStateKind,
} from './upstream-state.js';
export type { PlanBudget, PlanForecast, PlanReport } from './plan-report.js';
export { CHUNK_BYTES, decodeFrame, encodeFrame, FrameError, INLINE_BODY_BYTES } from './frame.js';
export { cachePolicyOf } from './config/cache-policy-of.js';
export { parseConfig } from './config/parse-config.js';
export type { ConfigSource, ParsedConfig } from './config/parse-config.js';
export { describeFaults } from './config/config-fault.js';
export type { ConfigFault } from './config/config-fault.js';
export { isProxyUrl } from './config/transport-section.js';
export { resolveReference } from './config/references.js';
export type { ReferenceSource, ResolvedReference } from './config/references.js';
export {
  checkResourcePattern,
  expandResourcePattern,
  ResourcePatternError,
  resourceFileOf,
} from './config/resource-pattern.js';
export { maskedConfig } from './config/masked-config.js';
export { formatDuration, parseDuration } from './config/units.js';
export { bucketOf, costOf } from './bucket-of.js';
export { globMatch } from './config/glob-match.js';
export { isPrivateAddress } from './config/private-address.js';
export type {
  BackoffConfig,
  CacheConfig,
  ElementsConfig,
  LimitsConfig,
  ListConfig,
  PauseConfig,
  PenstockConfig,
  RefreshConfig,
  RetryConfig,
  RetryPolicy,
  RetryRule,
  TimeoutsConfig,
  TogetherConfig,
  UpstreamConfig,
} from './config/penstock-config.js';
