import { DEFAULTS } from './defaults.js';
import type {
  BackoffConfig,
  BackoffKind,
  PauseConfig,
  RetryConfig,
  RetryPolicy,
  TimeoutsConfig,
} from './penstock-config.js';
import { BACKOFF_KINDS } from './penstock-config.js';
import { decimal, flag, integer, listOf, oneOf, share, timer, timerAboveZero } from './readers.js';
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
  const listMs = section.optional('list', listOf(timer, 'a list of durations such as [1s, 5s, 30s]'));
  if (capMs < baseMs) {
    const found = formatDuration(capMs) + (section.has('cap') ? '' : ', the default');
    section.refuse('cap', `a cap that is not below base (${formatDuration(baseMs)})`, found);
  }
  if (kind !== 'list') {
    if (section.has('list')) section.refuse('list', 'policy: list where there is a list', `policy: ${kind}`);
    return { kind, baseMs, factor, capMs };
  }
  if (!section.has('list'))
    section.refuse('list', 'a list of durations such as [1s, 5s, 30s], as policy is list', 'nothing');
  if (listMs?.length === 0) section.refuse('list', 'at least one duration', 'an empty list');
  return { kind, baseMs, factor, capMs, listMs: listMs ?? [] };
}
