import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ConfigFault } from './config-fault.js';
import { describeFaults } from './config-fault.js';
import { parseConfig } from './parse-config.js';
import type { UpstreamConfig } from './penstock-config.js';

const env = { CRM_TOKEN: 's3cret', EMPTY: '', PENSTOCK_DEMO_PORT: '8090', SLOTS: '4' };
const source = { env, fileName: 'penstock.yaml' };

const DESIGN_EXAMPLE = `
upstreams:
  crm:
    baseUrl: https://api.crm.example/v2
    hosts: [api.crm.example]
    credentials: { header: Authorization, value: "Bearer \${CRM_TOKEN}" }
    defaultLane: now
    lanes: []
    limits:
      dialect: standard
      windows: [ { limit: 100, per: 1s }, { limit: 3000, per: 1m } ]
      concurrency: 16
      reserve: 20%
      backgroundFloor: 5%
      buckets: [ { name: search, match: "/search/**", windows: [ { limit: 30, per: 1m } ] } ]
      per: upstream
    pause: { withoutHeader: { policy: equal-jitter, base: 1s, cap: 60s }, max: 1h, probeAtMax: true, scope: upstream }
    retry:
      network: { policy: full-jitter, base: 200ms, factor: 2, cap: 10s, maxAttempts: 3, maxElapsed: 30s }
      status:  { match: [500, 502, 503, 504], policy: full-jitter, base: 200ms, factor: 2, cap: 10s, maxAttempts: 3, maxElapsed: 30s }
      budget: 10%
      nowBudget: 20%
      throttledWrites: false
    timeouts: { connect: 2s, response: 15s, body: 60s, wait: 10s }
    cache:
      profile: proxy
      ttl: 0s
      grace: 10m
      keep: 1d
      maxBody: 8MiB
      credentialFields: default
      credentialQuery: [api_key, apikey, access_token, token, key]
      ignoreClientNoCache: false
      shareAuthorized: false
      ignoreDirectives: []
      tagHeader: Cache-Tag
    refresh:
      background: true
      maxAge: 30s
      spend: target
      resources: [ "/items/{1..6000}" ]
      volatileFields: []
    allowPrivateAddresses: false
    maxRequestBody: 8MiB
`;

const RETRY = {
  backoff: { kind: 'full-jitter', baseMs: 200, factor: 2, capMs: 10_000 },
  maxAttempts: 3,
  maxElapsedMs: 30_000,
};

const DOCUMENTED_DEFAULTS = {
  id: 'crm',
  baseUrl: 'https://api.crm.example/v2',
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
    withoutHeader: { kind: 'equal-jitter', baseMs: 1_000, factor: 2, capMs: 60_000 },
    maxMs: 3_600_000,
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
  timeouts: { connectMs: 2_000, responseMs: 15_000, bodyMs: 60_000, waitMs: 10_000 },
  cache: {
    profile: 'proxy',
    ttlMs: 0,
    graceMs: 600_000,
    keepMs: 86_400_000,
    maxBodyBytes: 8_388_608,
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
  maxRequestBodyBytes: 8_388_608,
};

function valid(text: string): { upstream: UpstreamConfig; warnings: readonly string[] } {
  const parsed = parseConfig(text, source);
  if (parsed.kind === 'invalid') throw new Error(describeFaults(parsed.faults, 'penstock.yaml'));
  const [upstream] = parsed.config.upstreams.values();
  if (upstream === undefined) throw new Error('a valid configuration without an upstream');
  return { upstream, warnings: parsed.warnings };
}

function faultsOf(text: string): readonly ConfigFault[] {
  const parsed = parseConfig(text, source);
  return parsed.kind === 'invalid' ? parsed.faults : [];
}

/** An upstream with `lines` besides its baseUrl; they begin on line 4. */
const crm = (...lines: string[]): string =>
  ['upstreams:', '  crm:', '    baseUrl: https://api.crm.example/v2', ...lines.map((line) => `    ${line}`)].join('\n');

const withBaseUrl = (url: string): string => `upstreams: { crm: { baseUrl: ${JSON.stringify(url)} } }`;

describe('a valid configuration', () => {
  it('has every documented default when only baseUrl is given', () => {
    expect(valid(crm()).upstream).toEqual(DOCUMENTED_DEFAULTS);
  });

  it('that is the documented example differs from the defaults only where the example adds', () => {
    expect(valid(DESIGN_EXAMPLE).upstream).toEqual({
      ...DOCUMENTED_DEFAULTS,
      hosts: ['api.crm.example'],
      credentials: { header: 'Authorization', value: 'Bearer ${CRM_TOKEN}' },
      limits: {
        ...DOCUMENTED_DEFAULTS.limits,
        windows: [
          { limit: 100, perMs: 1_000 },
          { limit: 3_000, perMs: 60_000 },
        ],
        buckets: [{ name: 'search', match: '/search/**', windows: [{ limit: 30, perMs: 60_000 }] }],
      },
      refresh: { ...DOCUMENTED_DEFAULTS.refresh, maxAgeMs: 30_000, resources: ['/items/{1..6000}'] },
    });
  });

  it('requires an access token unless that is waived', () => {
    const waived = parseConfig(`dataPlane: { requireAccessToken: false }\n${crm()}`, source);
    const plain = parseConfig(crm(), source);
    expect([plain, waived]).toMatchObject([
      { config: { dataPlane: { requireAccessToken: true } } },
      { config: { dataPlane: { requireAccessToken: false } } },
    ]);
  });

  it('finds no upstream under a name that every object has', () => {
    const parsed = parseConfig(crm(), source);
    expect(parsed.kind === 'valid' && parsed.config.upstreams.get('constructor')).toBeUndefined();
  });

  it('replaces variables in texts, in numbers and in flags', () => {
    const { upstream } = valid(
      'upstreams: { demo: { baseUrl: "http://127.0.0.1:${PENSTOCK_DEMO_PORT}/", limits: { concurrency: "${SLOTS}" } } }',
    );
    expect([upstream.baseUrl, upstream.limits.concurrency]).toEqual(['http://127.0.0.1:8090', 4]);
  });

  it('reads what is behind an anchor', () => {
    const two =
      'upstreams:\n  a: { baseUrl: http://a.example, timeouts: &slow { wait: 3s } }\n  b: { baseUrl: http://b.example, timeouts: *slow }';
    const parsed = parseConfig(two, source);
    expect(parsed.kind === 'valid' && parsed.config.upstreams.get('b')?.timeouts.waitMs).toBe(3_000);
  });

  it('takes a section without a value for an empty one', () => {
    expect(valid(crm('refresh:', 'cache:')).upstream).toEqual(DOCUMENTED_DEFAULTS);
  });

  it.each(['http://localhost:8090', 'http://127.0.0.1', 'http://10.1.2.3/x', 'http://[::1]:80', 'http://0x7f.1'])(
    'allows private addresses where baseUrl is one: %s',
    (url) => expect(valid(withBaseUrl(url)).upstream.allowPrivateAddresses).toBe(true),
  );

  it('lowers lane fields, credential fields and hosts to the form in which they are compared', () => {
    const { upstream } = valid(
      crm(
        'hosts: ["API.crm.example:80", "api.crm.example:8443"]',
        'lanes: [ { when: { header: User-Agent, match: "nightly*" }, lane: later } ]',
        'cache: { credentialFields: [X-Session] }',
      ),
    );
    expect(upstream.hosts).toEqual(['api.crm.example', 'api.crm.example:8443']);
    expect(upstream.lanes).toEqual([{ header: 'user-agent', match: 'nightly*', lane: 'later' }]);
    expect(upstream.cache.credentialFields).toEqual({ kind: 'list', names: ['x-session'] });
  });

  it('keeps the list of a list policy', () => {
    const { upstream } = valid(crm('retry: { network: { policy: list, list: [1s, 5s] } }'));
    expect(upstream.retry.network.backoff).toMatchObject({ kind: 'list', listMs: [1_000, 5_000] });
  });

  it('reads the rules of retries: what they are for, and a policy each', () => {
    const { upstream } = valid(
      crm(
        'retry: { rules: [ { when: { status: [404], error: [response_timeout], route: "/reports/**", method: [GET] }, policy: fixed, base: 5s, maxAttempts: 9 }, { when: { route: /slow }, policy: partial-jitter, jitter: 20%, maxElapsed: 1m } ] }',
      ),
    );
    expect(upstream.retry.rules).toEqual([
      {
        when: { status: [404], error: ['response_timeout'], route: '/reports/**', method: ['GET'] },
        backoff: { kind: 'fixed', baseMs: 5_000, factor: 2, capMs: 10_000 },
        maxAttempts: 9,
        maxElapsedMs: 30_000,
      },
      {
        when: { route: '/slow' },
        backoff: { kind: 'partial-jitter', baseMs: 200, factor: 2, capMs: 10_000, jitter: 0.2 },
        maxAttempts: 3,
        maxElapsedMs: 60_000,
      },
    ]);
  });

  it('gives the randomised policies their jitter where none is written', () => {
    const { upstream } = valid(crm('retry: { network: { policy: exponential-randomised } }'));
    expect(upstream.retry.network.backoff).toMatchObject({ kind: 'exponential-randomised', jitter: 0.5 });
  });

  it('reads the policy header-led as the kind header', () => {
    const { upstream } = valid(crm('pause: { withoutHeader: { policy: header-led } }'));
    expect(upstream.pause.withoutHeader.kind).toBe('header');
  });

  it.each(['standard', 'github', 'hubspot', 'microsoft-graph'])('knows the dialect %s', (dialect) => {
    const { upstream, warnings } = valid(crm(`limits: { dialect: ${dialect} }`));
    expect([upstream.limits.dialect, warnings]).toEqual([dialect, []]);
  });

  it('tells the dialect that an unknown one may be meant for', () => {
    expect(faultsOf(crm('limits: { dialect: githbu }'))).toMatchObject([
      { path: 'upstreams.crm.limits.dialect', found: '"githbu"', nearest: 'github' },
    ]);
  });

  it('takes resources as a list, as one pattern and as a file', () => {
    const resources = ['[ /a, "/b/{1..2}" ]', '/a', 'file:items.txt'].map(
      (text) => valid(crm(`refresh: { resources: ${text} }`)).upstream.refresh.resources,
    );
    expect(resources).toEqual([['/a', '/b/{1..2}'], ['/a'], ['file:items.txt']]);
  });

  it('takes what resources of a tag weigh, and how the budget is spent', () => {
    const { upstream, warnings } = valid(
      crm('refresh: { spend: all, multipliers: [ { tag: vip, by: 3 }, { tag: old, by: 0.5 } ] }'),
    );
    const multipliers = [
      { tag: 'vip', by: 3 },
      { tag: 'old', by: 0.5 },
    ];
    expect([upstream.refresh.spend, upstream.refresh.multipliers, warnings]).toEqual(['all', multipliers, []]);
  });

  it('refuses a multiplier without a tag, and one that would leave nothing of a weight', () => {
    expect(faultsOf(crm('refresh: { multipliers: [ { tag: vip, by: 0 }, { by: 2 } ] }'))).toMatchObject([
      { path: 'upstreams.crm.refresh.multipliers[0].by', expected: 'a number from 0.001 to 1000', found: '0' },
      { path: 'upstreams.crm.refresh.multipliers[1].tag' },
    ]);
  });
});

describe('the examples', () => {
  it.each(['crm.yaml', 'demo.yaml', 'minimal.yaml'])('%s is valid', (name) => {
    const text = readFileSync(new URL(`../../../../examples/${name}`, import.meta.url), 'utf8');
    expect(faultsOf(text)).toEqual([]);
  });
});

describe('warnings', () => {
  it('are none for the defaults', () => {
    expect(valid(crm()).warnings).toEqual([]);
  });

  it('name each key that this version reads and does not act on', () => {
    const { warnings } = valid(crm('cache: { shareAuthorized: true }'));
    expect(warnings).toEqual([
      'penstock.yaml: upstreams.crm.cache.shareAuthorized is set, but this version does not act on it yet',
    ]);
  });

  it('tell of a secret that is written out, without telling it', () => {
    const { warnings } = valid(crm('credentials: { header: Authorization, value: Bearer abc123 }'));
    expect(warnings).toEqual([expect.stringContaining('upstreams.crm.credentials.value holds the secret itself')]);
    expect(warnings.join()).not.toContain('abc123');
  });
});

describe('a fault', () => {
  it.each([
    ['an unknown key at the top', `upstrams: {}\n${crm()}`, { path: 'upstrams', line: 1 }],
    ['an unknown key of an upstream', crm('cahce: {}'), { path: 'upstreams.crm.cahce', nearest: 'cache', line: 4 }],
    ['an unknown key of a section', crm('cache: { tttl: 1s }'), { path: 'upstreams.crm.cache.tttl', nearest: 'ttl' }],
    [
      'an unknown key in a list',
      crm('limits: { windows: [ { limit: 1, per: 1s, limt: 2 } ] }'),
      { path: 'upstreams.crm.limits.windows[0].limt', nearest: 'limit', found: 'the unknown key "limt"' },
    ],
    [
      'a key that stands twice',
      crm('defaultLane: now', 'defaultLane: soon'),
      { path: 'upstreams.crm.defaultLane', line: 5 },
    ],
    [
      'a wrong unit',
      crm('timeouts: { wait: 30 seconds }'),
      { path: 'upstreams.crm.timeouts.wait', found: '"30 seconds"' },
    ],
    ['a number without a unit', crm('timeouts: { wait: 30 }'), { path: 'upstreams.crm.timeouts.wait', found: '30' }],
    ['a negative duration', crm('cache: { ttl: -1s }'), { path: 'upstreams.crm.cache.ttl', found: '"-1s"' }],
    [
      'a timer beyond what Node can wait',
      crm('pause: { max: 30d }'),
      { path: 'upstreams.crm.pause.max', found: '"30d"' },
    ],
    ['a wrong size', crm('cache: { maxBody: 8MB }'), { path: 'upstreams.crm.cache.maxBody', found: '"8MB"' }],
    [
      'a negative number',
      crm('limits: { concurrency: -1 }'),
      { path: 'upstreams.crm.limits.concurrency', found: '-1' },
    ],
    [
      'a quoted number',
      crm('limits: { concurrency: "16" }'),
      { path: 'upstreams.crm.limits.concurrency', found: '"16"' },
    ],
    ['a share above 100%', crm('limits: { reserve: 120% }'), { path: 'upstreams.crm.limits.reserve', found: '"120%"' }],
    [
      'a flag that is no flag',
      crm('pause: { probeAtMax: yes }'),
      { path: 'upstreams.crm.pause.probeAtMax', found: '"yes"' },
    ],
    ['an unknown lane', crm('defaultLane: lter'), { path: 'upstreams.crm.defaultLane', nearest: 'later' }],
    [
      'an unknown lane of a rule',
      crm('lanes: [ { when: { header: A, match: "*" }, lane: never } ]'),
      { path: 'upstreams.crm.lanes[0].lane', expected: 'one of now, soon, later' },
    ],
    ['a rule without when', crm('lanes: [ { lane: later } ]'), { path: 'upstreams.crm.lanes[0].when', line: 4 }],
    ['a list that is none', crm('hosts: api.crm.example'), { path: 'upstreams.crm.hosts', found: '"api.crm.example"' }],
    [
      'a section that is none',
      crm('cache: fast'),
      { path: 'upstreams.crm.cache', expected: 'a mapping of keys to values' },
    ],
    ['a key without a value', crm('defaultLane:'), { path: 'upstreams.crm.defaultLane', found: 'nothing' }],
    [
      'a text that begins with a star',
      crm('lanes: [ { when: { header: A, match: *bot }, lane: soon } ]'),
      {
        path: 'upstreams.crm.lanes[0].when.match',
        found: 'the alias *bot of nothing (a text that begins with * needs quotes)',
      },
    ],
    ['a field name with a space', crm('cache: { tagHeader: Cache Tag }'), { path: 'upstreams.crm.cache.tagHeader' }],
    [
      'a directive that cannot be overridden',
      crm('cache: { ignoreDirectives: [no-stor] }'),
      {
        path: 'upstreams.crm.cache.ignoreDirectives[0]',
        nearest: 'no-store',
      },
    ],
    [
      'a cap below the base',
      crm('retry: { network: { base: 20s } }'),
      {
        path: 'upstreams.crm.retry.network.cap',
        found: '10s, the default',
      },
    ],
    [
      'a list policy without a list',
      crm('retry: { status: { policy: list } }'),
      { path: 'upstreams.crm.retry.status.list' },
    ],
    [
      'a jitter that the policy does not have',
      crm('retry: { network: { policy: fixed, jitter: 10% } }'),
      { path: 'upstreams.crm.retry.network.jitter', found: 'fixed' },
    ],
    [
      'a rule of retries for nothing',
      crm('retry: { rules: [ { policy: none } ] }'),
      { path: 'upstreams.crm.retry.rules[0].when', found: 'none of them' },
    ],
    [
      'a rule of retries for an error that there is not',
      crm('retry: { rules: [ { when: { error: [response_timout] } } ] }'),
      { path: 'upstreams.crm.retry.rules[0].when.error[0]', nearest: 'response_timeout' },
    ],
    [
      'a list without a list policy',
      crm('retry: { status: { list: [1s] } }'),
      { path: 'upstreams.crm.retry.status.list' },
    ],
    [
      'a bucket with a taken name',
      crm('limits: { buckets: [ { name: default, match: /x } ] }'),
      {
        path: 'upstreams.crm.limits.buckets',
        found: '"default"',
      },
    ],
    [
      'a window without its length',
      crm('limits: { windows: [ { limit: 1 } ] }'),
      {
        path: 'upstreams.crm.limits.windows[0].per',
        found: 'nothing: this key is required',
      },
    ],
    [
      'resources that are neither path nor file',
      crm('refresh: { resources: [items] }'),
      {
        path: 'upstreams.crm.refresh.resources[0]',
        found: '"items"',
      },
    ],
    [
      'too many resources',
      crm('refresh: { resources: ["/{1..3000000}", "/x/{1..3000000}"] }'),
      {
        path: 'upstreams.crm.refresh.resources',
        found: '6000000 resources',
      },
    ],
    ['a missing baseUrl', 'upstreams:\n  crm: {}', { path: 'upstreams.crm.baseUrl', line: 2 }],
    ['an upstream without a value', 'upstreams:\n  crm:', { path: 'upstreams.crm.baseUrl', line: 2 }],
    ['a bad id', 'upstreams:\n  My_Crm: { baseUrl: https://a.example }', { path: 'upstreams.My_Crm', line: 2 }],
    ['no upstream', 'upstreams: {}', { path: 'upstreams', found: 'no upstream' }],
    ['an empty file', '', { path: 'upstreams', found: 'nothing: this key is required' }],
    ['a file that is a list', '- 1', { path: '', found: 'a list' }],
  ])('is told of %s', (_, text, fault) => {
    expect(faultsOf(text)).toContainEqual(expect.objectContaining(fault));
  });

  it.each([
    'ftp://a.example',
    'api.crm.example/v2',
    'https:/a.example',
    'https://a.example/?',
    'https://a.example/v2?page=1',
    'https://a.example/#top',
    'https://@a.example/',
    'https://a.example/a b',
  ])('is told of the baseUrl %s', (url) => {
    expect(faultsOf(withBaseUrl(url))).toMatchObject([{ path: 'upstreams.crm.baseUrl' }]);
  });

  it('is told once for a wrong value', () => {
    expect(faultsOf(crm('limits: { windows: [ { limit: 1, per: 30 seconds } ] }'))).toEqual([
      {
        path: 'upstreams.crm.limits.windows[0].per',
        expected: 'a duration such as 30s (an integer and ms, s, m, h or d)',
        found: '"30 seconds"',
        line: 4,
      },
    ]);
  });

  it('names the first declaration of a host that two upstreams claim', () => {
    const text =
      'upstreams:\n  a: { baseUrl: http://a.example, hosts: [x.example] }\n  b: { baseUrl: http://b.example, hosts: [X.example] }';
    expect(faultsOf(text)).toMatchObject([
      { path: 'upstreams.b.hosts[0]', line: 3, found: '"x.example", which is upstreams.a.hosts[0] already' },
    ]);
  });

  it('names the variable that is missing, and the one that was meant', () => {
    expect(faultsOf(crm('credentials: { header: Authorization, value: "Bearer ${CRM_TOKN}" }'))).toEqual([
      {
        path: 'upstreams.crm.credentials.value',
        expected: 'the environment variable CRM_TOKN to be set',
        found: 'CRM_TOKN is not set',
        nearest: 'CRM_TOKEN',
        line: 4,
      },
    ]);
  });

  it('is told of a credential that is set but empty', () => {
    expect(faultsOf(crm('credentials: { header: Authorization, value: "${EMPTY}" }'))).toMatchObject([
      { path: 'upstreams.crm.credentials.value', found: 'EMPTY is set but empty' },
    ]);
  });

  it('is told of a variable that only Object has', () => {
    expect(faultsOf(withBaseUrl('https://${constructor}'))).toMatchObject([{ found: 'constructor is not set' }]);
  });

  it('is told of a secret file outside credentials.value', () => {
    expect(faultsOf(withBaseUrl('https://${file:/run/secrets/host}'))).toMatchObject([
      {
        path: 'upstreams.crm.baseUrl',
        expected: expect.stringContaining('in credentials.value, proxy and tls.ca only') as string,
      },
    ]);
  });

  it.each([
    crm('credentials: Bearer hunter2'),
    crm('credentials: { header: A, value: [hunter2] }'),
    withBaseUrl('https://me:hunter2@a.example'),
    withBaseUrl('https://me:hunt@/er2@a.example'),
    withBaseUrl('https://a.example/?api_key=hunter2'),
    crm('refresh: { resources: ["/items?api_key=hunter2#"] }'),
  ])('never shows a secret: %s', (text) => {
    const message = describeFaults(faultsOf(text), 'penstock.yaml');
    expect(message).toContain('1 fault');
    expect(message).not.toMatch(/hunt|er2/);
  });

  it('of the YAML itself is told with its line, and nothing is concluded from the rest', () => {
    expect(faultsOf('upstreams:\n  crm: { cahce: {},\n    baseUrl: "https://a.example }')).toMatchObject([
      { path: '', expected: 'valid YAML', line: 3, found: 'Missing closing "quote' },
      { path: '', line: 3 },
    ]);
  });

  it('of the YAML around a bare reference says how to write it', () => {
    const [first] = faultsOf('upstreams:\n  crm: { baseUrl: ${CRM_URL} }');
    expect(first).toMatchObject({ line: 2, expected: expect.stringContaining('a reference needs quotes') as string });
  });
});

describe('describeFaults', () => {
  it('tells every fault in one message, in the order of the file', () => {
    const text = crm('defaultLane: lter', 'cahce: {}', 'timeouts: { wait: 30 seconds }');
    expect(describeFaults(faultsOf(text), 'penstock.yaml').split('\n')).toEqual([
      'penstock.yaml: 3 faults in the configuration, nothing of it was applied',
      '  line 4: upstreams.crm.defaultLane',
      '    expected one of now, soon, later',
      '    found    "lter" (did you mean later?)',
      '  line 5: upstreams.crm.cahce',
      expect.stringMatching(/^ {4}expected one of the keys baseUrl, hosts, .*, maxRequestBody$/),
      '    found    the unknown key "cahce" (did you mean cache?)',
      '  line 6: upstreams.crm.timeouts.wait',
      '    expected a duration such as 30s (an integer and ms, s, m, h or d)',
      '    found    "30 seconds"',
      'Correct penstock.yaml and start or reload again.',
    ]);
  });
});
