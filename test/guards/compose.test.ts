// No container engine runs here, so the development stack is checked by reading it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const read = (path: string): string => readFileSync(path, 'utf8');
const readYaml = (path: string): unknown => parse(read(path), { merge: true });

const serviceSchema = z.object({
  image: z.string().optional(),
  build: z.string().optional(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  ports: z.array(z.string()).default([]),
  expose: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  configs: z.array(z.object({ source: z.string(), target: z.string() })).default([]),
  healthcheck: z.object({ test: z.array(z.string()).min(2) }),
});

const compose = z
  .object({
    services: z.record(z.string(), serviceSchema),
    volumes: z.record(z.string(), z.unknown()),
    configs: z.record(z.string(), z.object({ content: z.string() })),
  })
  .parse(readYaml('docker-compose.yml'));

const services = Object.entries(compose.services).map(([name, service]) => ({ name, ...service }));
const ours = services.filter((service) => service.build !== undefined);
const dockerfile = read('Dockerfile');

/** The variables of the outside contract, and PENSTOCK_DEMO_HOST of the demo upstream alone. */
const VARIABLES = new Set(
  'CONFIG HOST PORT ADMIN_PORT OPS_PORT DEMO_PORT DATA_DIR POSTGRES_URL NATS_URL NAMESPACE ADMIN_TOKEN ACCESS_TOKEN WORKERS DEMO_HOST'
    .split(' ')
    .map((name) => `PENSTOCK_${name}`),
);

const METRICS = new Set([
  'penstock_answers_total',
  'penstock_answer_seconds',
  'penstock_calls_total',
  'penstock_call_seconds',
  'penstock_throttles_total',
  'penstock_upstream_state',
  'penstock_queued',
  'penstock_in_flight',
  'penstock_refreshes_total',
  'penstock_due',
]);

const OPS_PORTS = { 'cache-api': 8081, scheduler: 8082, refresher: 8083, dispatcher: 8084 };

const isExactVersion = (tag: string): boolean => /^v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?$/.test(tag);
const namesOf = (text: string, pattern: RegExp): string[] => [...new Set(text.match(pattern) ?? [])];

describe('docker-compose.yml', () => {
  it('has the four services, the demo upstream and their servers', () => {
    const expected = [
      'cache-api',
      'demo-upstream',
      'dispatcher',
      'grafana',
      'nats',
      'postgres',
      'prometheus',
      'refresher',
      'scheduler',
    ];
    expect(services.map((service) => service.name).sort()).toEqual(expected);
  });

  it.each(services.filter((service) => service.image !== undefined))('pins the image of $name', ({ image = '' }) => {
    expect(isExactVersion(image.split(':')[1] ?? '')).toBe(true);
  });

  it.each(services)('waits in $name only for the health of services that exist', ({ depends_on }) => {
    expect(Object.keys(depends_on).filter((name) => !(name in compose.services))).toEqual([]);
    expect(Object.values(depends_on).filter(({ condition }) => condition !== 'service_healthy')).toEqual([]);
  });

  it.each(services)('publishes the ports of $name on loopback only', ({ ports }) => {
    expect(ports.filter((port) => !/^127\.0\.0\.1:(\d+|\$\{[A-Z_]+:-\d+\}):\d+$/.test(port))).toEqual([]);
  });

  it.each(services)('mounts in $name what exists or is declared', ({ volumes, configs }) => {
    const sources = volumes.map((volume) => volume.split(':')[0] ?? '');
    expect(
      sources.filter((source) => (source.startsWith('./') ? !existsSync(source) : !(source in compose.volumes))),
    ).toEqual([]);
    expect(configs.filter(({ source }) => !(source in compose.configs))).toEqual([]);
  });

  it('declares no volume that nobody uses', () => {
    const used = services.flatMap((service) => service.volumes.map((volume) => volume.split(':')[0]));
    expect(Object.keys(compose.volumes).filter((volume) => !used.includes(volume))).toEqual([]);
  });

  it.each(ours)('starts in $name a file that the build makes of a source', ({ name, command }) => {
    expect(command).toEqual(['node', `dist/apps/${name}/src/main.js`]);
    expect(existsSync(`apps/${name}/src/main.ts`)).toBe(true);
  });

  it.each(ours)('asks $name for its health where it listens', ({ name, healthcheck, environment }) => {
    const [, , script = '', port] = healthcheck.test;
    expect(existsSync(script)).toBe(true);
    const listens = ['PENSTOCK_OPS_PORT', 'PENSTOCK_ADMIN_PORT', 'PENSTOCK_DEMO_PORT'].map((key) => environment[key]);
    expect(listens.map(String)).toContain(port);
    if (name in OPS_PORTS) expect(healthcheck.test.at(-1)).toBe('/health/ready');
  });

  it.each(ours.filter((service) => service.name in OPS_PORTS))(
    'gives $name what it needs off loopback',
    ({ environment }) => {
      expect(environment['PENSTOCK_HOST']).toBe('0.0.0.0');
      expect(environment['PENSTOCK_ADMIN_TOKEN']).toMatch(/^\$\{PENSTOCK_ADMIN_TOKEN:-.+\}$/);
      expect(environment['PENSTOCK_ACCESS_TOKEN']).toMatch(/^\$\{PENSTOCK_ACCESS_TOKEN:-.+\}$/);
      expect(environment['PENSTOCK_POSTGRES_URL']).toContain('@postgres:5432/');
      expect(environment['PENSTOCK_NATS_URL']).toBe('nats://nats:4222');
    },
  );

  it('knows no variable but those of the outside contract', () => {
    const named = namesOf(
      `${read('docker-compose.yml')}${dockerfile}${read('docker/healthcheck.mjs')}`,
      /PENSTOCK_[A-Z_]+/g,
    );
    expect(named.filter((name) => !VARIABLES.has(name))).toEqual([]);
  });

  it('leaves the dispatcher without published ports, so that two can run', () => {
    expect(compose.services['dispatcher']?.ports).toEqual([]);
  });

  const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
  it.runIf(hasCompose)('is accepted by docker compose', () => {
    const checked = spawnSync('docker', ['compose', 'config', '--quiet'], { encoding: 'utf8' });
    expect(checked.stderr).toBe('');
    expect(checked.status).toBe(0);
  });
});

describe('Dockerfile', () => {
  it('pins its base image and uses no other', () => {
    const base = /^ARG NODE_IMAGE=node:(.+)$/m.exec(dockerfile)?.[1] ?? '';
    expect(isExactVersion(base)).toBe(true);
    expect(namesOf(dockerfile, /^FROM \S+/gm)).toEqual(['FROM ${NODE_IMAGE}']);
  });

  it('runs scripts that package.json has', () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
    const run = [...dockerfile.matchAll(/npm run ([a-z:-]+)/g)].map((match) => match[1] ?? '');
    expect(run).toEqual(['build']);
    expect(run.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('copies files that exist and that .dockerignore lets through', () => {
    const ignored = read('.dockerignore').split('\n');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) =>
      (match[1] ?? '').split(' '),
    );
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((path) => !existsSync(path) || ignored.includes(path))).toEqual([]);
  });

  it('ends as a user without rights, with a health check and a command whose source exists', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^HEALTHCHECK .*CMD \["node", "docker\/healthcheck\.mjs"/m);
    const main = /^CMD \["node", "dist\/(.+)\.js"\]$/m.exec(last)?.[1];
    expect(existsSync(`${main}.ts`)).toBe(true);
  });
});

describe('docker/prometheus.yml', () => {
  const jobSchema = z.object({
    job_name: z.string(),
    authorization: z.object({ type: z.literal('Bearer'), credentials_file: z.string() }),
    dns_sd_configs: z.array(z.object({ names: z.array(z.string()), type: z.literal('A'), port: z.number() })).length(1),
  });
  const { scrape_configs: jobs } = z
    .object({ scrape_configs: z.array(jobSchema) })
    .parse(readYaml('docker/prometheus.yml'));

  it('scrapes every service where its metrics are', () => {
    const targets = Object.fromEntries(
      jobs.map((job) => [job.dns_sd_configs[0]?.names.join(), job.dns_sd_configs[0]?.port]),
    );
    expect(targets).toEqual(OPS_PORTS);
  });

  it('sends the token that the stack mounts', () => {
    const mounted = compose.services['prometheus']?.configs[0];
    expect(jobs.map((job) => job.authorization.credentials_file)).toEqual(jobs.map(() => mounted?.target));
    expect(compose.configs[mounted?.source ?? '']?.content).toBe(
      compose.services['cache-api']?.environment['PENSTOCK_ADMIN_TOKEN'],
    );
  });
});

describe('Grafana', () => {
  const dashboard = read('docker/grafana/dashboards/penstock.json');
  const { panels } = z
    .object({
      panels: z.array(
        z.object({
          title: z.string(),
          datasource: z.object({ uid: z.string() }),
          targets: z.array(z.object({ expr: z.string() })).min(1),
        }),
      ),
    })
    .parse(JSON.parse(dashboard));

  it('shows calls by lane, throttles, the pause, the queues, the hit ratio and the latency of answers', () => {
    const titles = panels.map((panel) => panel.title);
    for (const title of [
      'State',
      'Calls to the upstream by lane',
      'Throttles',
      'Waiting, by lane',
      'Hit ratio',
      'Answer latency',
    ])
      expect(titles).toContain(title);
  });

  it('asks for metrics that Penstock has', () => {
    const asked = namesOf(dashboard, /penstock_[a-z_]+/g).map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    expect(asked.filter((name) => !METRICS.has(name))).toEqual([]);
    expect([...METRICS].filter((name) => !asked.includes(name))).toEqual([]);
  });

  it('asks the data source that is provisioned', () => {
    const { datasources } = z
      .object({ datasources: z.array(z.object({ uid: z.string(), url: z.string() })) })
      .parse(readYaml('docker/grafana/provisioning/datasources/prometheus.yml'));
    expect(datasources[0]?.url).toBe('http://prometheus:9090');
    expect(new Set(panels.map((panel) => panel.datasource.uid))).toEqual(new Set([datasources[0]?.uid]));
  });

  it('loads the dashboards from where they are mounted', () => {
    const { providers } = z
      .object({ providers: z.array(z.object({ options: z.object({ path: z.string() }) })) })
      .parse(readYaml('docker/grafana/provisioning/dashboards/penstock.yml'));
    const mounts = compose.services['grafana']?.volumes ?? [];
    expect(mounts).toContain(`./docker/grafana/dashboards:${providers[0]?.options.path}:ro`);
  });
});
