import type { RetryPolicy, UpstreamConfig } from './penstock-config.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const MIB = 1_048_576;

const RETRY: RetryPolicy = {
  backoff: { kind: 'full-jitter', baseMs: 200, factor: 2, capMs: 10 * SECOND_MS },
  maxAttempts: 3,
  maxElapsedMs: 30 * SECOND_MS,
};

/** What an upstream has that says nothing but its `baseUrl`. */
export const DEFAULTS: Omit<UpstreamConfig, 'id' | 'baseUrl'> = {
  hosts: [],
  credentials: undefined,
  defaultLane: 'now',
  lanes: [],
  limits: {
    dialect: 'standard',
    windows: [],
    concurrency: 16,
    reserve: 0.2,
    backgroundFloor: 0.05,
    buckets: [],
    costs: [],
    notModifiedCost: undefined,
    throttleBudget: undefined,
    per: 'upstream',
  },
  pause: {
    withoutHeader: { kind: 'equal-jitter', baseMs: SECOND_MS, factor: 2, capMs: MINUTE_MS },
    maxMs: 60 * MINUTE_MS,
    probeAtMax: true,
    scope: 'upstream',
  },
  retry: {
    network: RETRY,
    status: { ...RETRY, match: [500, 502, 503, 504] },
    rules: [],
    budget: 0.1,
    nowBudget: 0.2,
    throttledWrites: false,
  },
  timeouts: { connectMs: 2 * SECOND_MS, responseMs: 15 * SECOND_MS, bodyMs: MINUTE_MS, waitMs: 10 * SECOND_MS },
  cache: {
    profile: 'proxy',
    ttlMs: 0,
    graceMs: 10 * MINUTE_MS,
    keepMs: 24 * 60 * MINUTE_MS,
    maxBodyBytes: 8 * MIB,
    credentialFields: { kind: 'default' },
    credentialQuery: ['api_key', 'apikey', 'access_token', 'token', 'key'],
    ignoreClientNoCache: false,
    shareAuthorized: false,
    ignoreDirectives: [],
    tagHeader: 'Cache-Tag',
  },
  refresh: {
    background: true,
    maxAgeMs: undefined,
    spend: 'target',
    resources: [],
    volatileFields: [],
    multipliers: [],
    together: [],
    lists: [],
  },
  allowPrivateAddresses: false,
  proxy: undefined,
  tls: { ca: undefined },
  maxRequestBodyBytes: 8 * MIB,
};
