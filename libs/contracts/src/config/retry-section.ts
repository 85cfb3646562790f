import { DEFAULTS } from './defaults.js';
import type {
  BackoffConfig,
  BackoffKind,
  PauseConfig,
  RetryCondition,
  RetryConfig,
  RetryPolicy,
  RetryRule,
  TimeoutsConfig,
} from './penstock-config.js';
import { BACKOFF_KINDS, RETRY_ERRORS } from './penstock-config.js';
import {
  decimal,
  flag,
  integer,
  listOf,
  mapping,
  matching,
  oneOf,
  pathGlob,
  share,
  timer,
  timerAboveZero,
} from './readers.js';
import type { Reader, Section } from './reading.js';
import { formatDuration } from './units.js';

const MAX_ATTEMPTS = 100;
const MAX_FACTOR = 100;

const POLICY_NAMES = BACKOFF_KINDS.map((kind) => (kind === 'header' ? 'header-led' : kind));

const policyName: Reader<BackoffKind> = (spot, reading) => {
  const name = oneOf(POLICY_NAMES)(spot, reading);
  return name === 'header-led' ? 'header' : name;
};

const failureStatuses = listOf(integer(400, 599), 'a list of statuses such as [500, 502, 503, 504]');

const errors = listOf(oneOf(RETRY_ERRORS), 'a list of errors such as [response_timeout]');
const methods = listOf(matching('a method such as GET', /^[A-Z]+$/), 'a list of methods such as [GET, HEAD]');

const JITTERED: ReadonlySet<BackoffKind> = new Set(['fixed-randomised', 'exponential-randomised', 'partial-jitter']);
// resilience4j's, and BullMQ's middle.
const ABSENT_JITTER = 0.5;

const rule = mapping<RetryRule>((section) => ({
  when: section.part('when', readCondition),
  ...readPolicy(section, DEFAULTS.retry.network),
}));

const rules = listOf(rule, 'a list such as [ { when: { route: "/reports/**" }, policy: fixed, base: 5s } ]');

export function readPause(section: Section): PauseConfig {
  const absent = DEFAULTS.pause;
  return {
    withoutHeader: section.part('withoutHeader', (policy) => readBackoff(policy, absent.withoutHeader)),
    maxMs: section.field('max', timerAboveZero, absent.maxMs),
    probeAtMax: section.field('probeAtMax', flag, absent.probeAtMax),
    scope: section.field('scope', oneOf(['upstream', 'bucket', 'credential']), absent.scope),
  };
}

export function readRetry(section: Section): RetryConfig {
  const absent = DEFAULTS.retry;
  return {
    network: section.part('network', (policy) => readPolicy(policy, absent.network)),
    status: section.part('status', (policy) => ({
      match: policy.field('match', failureStatuses, absent.status.match),
      ...readPolicy(policy, absent.status),
    })),
    rules: section.field('rules', rules, absent.rules),
    budget: section.field('budget', share, absent.budget),
    nowBudget: section.field('nowBudget', share, absent.nowBudget),
    throttledWrites: section.field('throttledWrites', flag, absent.throttledWrites),
  };
}

export function readTimeouts(section: Section): TimeoutsConfig {
  const absent = DEFAULTS.timeouts;
  return {
    connectMs: section.field('connect', timerAboveZero, absent.connectMs),
    responseMs: section.field('response', timerAboveZero, absent.responseMs),
    bodyMs: section.field('body', timerAboveZero, absent.bodyMs),
    waitMs: section.field('wait', timer, absent.waitMs),
  };
}

function readCondition(section: Section): RetryCondition {
  const status = section.optional('status', failureStatuses);
  const error = section.optional('error', errors);
  const route = section.optional('route', pathGlob);
  const method = section.optional('method', methods);
  if (!['status', 'error', 'route', 'method'].some((key) => section.has(key)))
    section.refuseWhole('at least one of status, error, route and method', 'none of them');
  return {
    ...(status !== undefined && { status }),
    ...(error !== undefined && { error }),
    ...(route !== undefined && { route }),
    ...(method !== undefined && { method }),
  };
}

function readPolicy(section: Section, absent: RetryPolicy): RetryPolicy {
  return {
    backoff: readBackoff(section, absent.backoff),
    maxAttempts: section.field('maxAttempts', integer(1, MAX_ATTEMPTS), absent.maxAttempts),
    maxElapsedMs: section.field('maxElapsed', timerAboveZero, absent.maxElapsedMs),
  };
}

function readBackoff(section: Section, absent: BackoffConfig): BackoffConfig {
  const kind = section.field('policy', policyName, absent.kind);
  const baseMs = section.field('base', timerAboveZero, absent.baseMs);
  const factor = section.field('factor', decimal(1, MAX_FACTOR), absent.factor);
  const capMs = section.field('cap', timerAboveZero, absent.capMs);
  if (capMs < baseMs) {
    const found = formatDuration(capMs) + (section.has('cap') ? '' : ', the default');
    section.refuse('cap', `a cap that is not below base (${formatDuration(baseMs)})`, found);
  }
  const jitter = readJitter(section, kind);
  const listMs = readList(section, kind);
  return { kind, baseMs, factor, capMs, ...listMs, ...jitter };
}

function readJitter(section: Section, kind: BackoffKind): { readonly jitter?: number } {
  const jitter = section.optional('jitter', share);
  if (JITTERED.has(kind)) return { jitter: jitter ?? ABSENT_JITTER };
  const known = [...JITTERED].join(', ');
  if (section.has('jitter')) section.refuse('jitter', `one of the policies ${known} where there is a jitter`, kind);
  return {};
}

function readList(section: Section, kind: BackoffKind): { readonly listMs?: readonly number[] } {
  const listMs = section.optional('list', listOf(timer, 'a list of durations such as [1s, 5s, 30s]'));
  if (kind !== 'list') {
    if (section.has('list')) section.refuse('list', 'policy: list where there is a list', `policy: ${kind}`);
    return {};
  }
  if (!section.has('list'))
    section.refuse('list', 'a list of durations such as [1s, 5s, 30s], as policy is list', 'nothing');
  if (listMs?.length === 0) section.refuse('list', 'at least one duration', 'an empty list');
  return { listMs: listMs ?? [] };
}
