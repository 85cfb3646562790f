export {
  fieldLines,
  fieldsFromRaw,
  fieldValue,
  hasPassed,
  isNamed,
  viaField,
  withoutFields,
  withOneForwardLess,
  withoutHopByHop,
  withVia,
} from './fields.js';
export type { Field, Fields } from './fields.js';
export { formatHttpDate, parseHttpDate } from './http-date.js';
export { createRouter } from './target.js';
export type { RefusalCode, RoutedUpstream, Router, Target } from './target.js';
export { pathOfReference, urlOf } from './upstream-place.js';
export { keyOf, urlHashOf } from './resource-key.js';
export type { ResourceIdentity } from './resource-key.js';
export { credentialFieldsOf, maskQuery, partitionOf, SHARED_PARTITION, withoutCredentials } from './partition.js';
export type { CredentialRule, Requester } from './partition.js';
export { toldOnce } from './stored-fields.js';
export { tagsOf } from './tags.js';
export { varyNamesOf, variantOf } from './vary.js';
export type { Vary } from './vary.js';
export { NO_DIRECTIVES, parseCacheControl, requestDirectivesOf } from './cache-control.js';
export type { Directives } from './cache-control.js';
export { overriddenDirectives, responseDirectivesOf } from './cache-policy.js';
export type { CachePolicy, IgnorableDirective } from './cache-policy.js';
export { storabilityOf } from './storability.js';
export type { Exchange, RefusalReason, Storability } from './storability.js';
export { compareVersions, isAtOrBelow } from './version.js';
export type { Version } from './version.js';
export { entryFrom, freshenedByHead, isRenewableBy304, renewedBy304 } from './entry.js';
export type { Arrival, Entry, EntryIdentity, Renewal, StorableAnswer } from './entry.js';
export { admits, ageOf, endedAt, freshnessOf, isErrorToHide, mayAnswerAfterError } from './freshness.js';
export type { Admission, AdmissionRules, Aging, Freshness } from './freshness.js';
export { evaluatePreconditions, hasOriginPreconditions, validatorsOf, withoutPreconditions } from './conditional.js';
export type { Conditioned, PreconditionVerdict } from './conditional.js';
export {
  codingOf,
  entryInIdentity,
  fieldsInIdentity,
  takesCoding,
  withUpstreamTags,
  withVaryOnCoding,
} from './content-coding.js';
export { hasRange, partialOf, rangesOf, unsatisfiedRange } from './range.js';
export type { ByteRange, Ranged, RangeVerdict } from './range.js';
export { invalidatesUrl, isIdempotent, isRepeatable, isSafe, locationsToInvalidate } from './methods.js';
export type { Written } from './methods.js';
export { renderCacheStatus } from './cache-status.js';
export type { CacheStatus, ForwardReason } from './cache-status.js';
export { renderProxyStatus } from './proxy-status.js';
export type { ProxyErrorType, ProxyStatus } from './proxy-status.js';
export { laneByRules, laneOf } from './priority.js';
export type { Lane, LaneRule } from './priority.js';
export { preferOf } from './prefer.js';
export type { Preferences } from './prefer.js';
export { createWindows, Windows } from './windows.js';
export type { WindowLimit, WindowRecord } from './windows.js';
export { createGate, Gate } from './gate.js';
export type {
  GateAdmission,
  GateChange,
  GateConfig,
  GateOutcome,
  GateState,
  Permit,
  ScopeRecord,
  WaitReason,
} from './gate-types.js';
export type { Epoch, PauseConfig, Throttled } from './pause.js';
export type { Learned, LearnedRecord, ThrottledAnswer } from './gate-types.js';
export type { Announcement, DeclaredWindow, QuotaReading } from './announcement.js';
export { ThrottleBudget } from './throttle-budget.js';
export type { ThrottleBudgetRecord, ThrottleVerdict } from './throttle-budget.js';
export { readWait } from './wait-value.js';
export { readThrottle } from './throttle.js';
export type { AnswerHead, IgnoredValue, ThrottleReading } from './throttle.js';
export { readAnnouncement } from './read-announcement.js';
export type { Decode } from './answer-body.js';
export type { Dialect, ThrottleScope } from './dialects/dialect.js';
export { DIALECT_NAMES, dialectNamed } from './dialects/all.js';
export { createGateSet, GateSet } from './gate-set.js';
export { chargedFor } from './charged.js';
export { bucketId, WHOLE_UPSTREAM } from './scope-names.js';
export type { ScopeKind } from './scope-names.js';
export type { GateSetConfig, ScopedChange, ScopeState, SetOutcome, SetPermit, SetRecord } from './gate-set.js';
export { BLOCK_MS, Reservation } from './reservation.js';
export type { Block, ReservationRecord } from './reservation.js';
export { createScopedLanes, ScopedLanes } from './scoped-lanes.js';
export type { CallScopes, LaneGroup, ScopedJob } from './scoped-lanes.js';
export { createLaneQueue, LaneQueue } from './lanes.js';
export type { LaneDepths, LaneJob, LaneSide } from './lanes.js';
export { delayOf } from './backoff.js';
export type { BackoffPolicy } from './backoff.js';
export { mayHoldThrottled, mayRepeat, retryDecision } from './retry.js';
export type {
  RepeatFacts,
  RetryCondition,
  RetryDecision,
  RetryFacts,
  RetryOutcome,
  RetryPolicies,
  RetryPolicy,
  RetryRefusal,
  RetryRule,
} from './retry.js';
export { createRetryBudget, RetryBudget } from './retry-budget.js';
export { Headroom } from './headroom.js';
export { Breaker, createBreaker } from './breaker.js';
export type { BreakerAdmission, BreakerState } from './breaker.js';
export { dueAt, overdueRatio } from './due.js';
export type { Freshened } from './due.js';
export { elapsedForValue, staleValueOf, valueOf } from './value.js';
export type { Worth } from './value.js';
export { ValueIndex } from './value-index.js';
export type { Placement } from './value-index.js';
export {
  callsForFreshness,
  callsForFreshnessEvenly,
  evenRates,
  freshnessAt,
  optimalRates,
  weightedFreshness,
} from './optimal-rates.js';
export type { OptimalRates, Population } from './optimal-rates.js';
export { Heap } from './heap.js';
export type { HeapPlace } from './heap.js';
export { nextSince, sinceText, timeOf } from './list-times.js';
export type { SinceFormat } from './list-times.js';
export { pathTemplate } from './path-template.js';
export type { PathTemplate } from './path-template.js';
export { canonicalJson } from './canonical-json.js';
export { fieldsOfPart, splitAnswer } from './split-answer.js';
export type { Element, SplitAnswer, SplitRule } from './split-answer.js';
export { appended, observed } from './change-history.js';
export type { ChangeObservation } from './change-history.js';
export { estimateChangeRate, priorRateOf, rateInterval } from './change-rate.js';
export type { ChangeRateEstimate, PriorRates } from './change-rate.js';
export { templateOf } from './path-kind.js';
export { planAtOnce, planSteps } from './planner.js';
export type { BucketForecast, PlannerAnswer, PlannerQuestion, RateForecast, RoundRobin, Targets } from './planner.js';
export { PlannerSheetMaker } from './planner-sheet.js';
export type { CountedResource, KnownOfRates, PlannerSheet } from './planner-sheet.js';
export type { Steps } from './planner-policy.js';
export type { Ages, Estimate } from './planner-forecast.js';
export { tightestOf, windowShares } from './planner-limits.js';
export type { PlannedWindow, TightestWindow, WindowShare } from './planner-limits.js';
export { logNormalRates, zipfOf } from './planner-population.js';
export type { AssumedRates } from './planner-population.js';
export { planSentences, raiseSentence, sayDuration, sayNumber, sayShare } from './planner-words.js';
