import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseConfig, type UpstreamConfig } from '#contracts';

const env = { PENSTOCK_DEMO_PORT: '8090', CRM_TOKEN: 'of-the-test' };

function upstreamOf(fileName: string, id: string): UpstreamConfig {
  const parsed = parseConfig(readFileSync(fileName, 'utf8'), { env, fileName });
  if (parsed.kind !== 'valid') throw new Error(JSON.stringify(parsed.faults, undefined, 2));
  const upstream = parsed.config.upstreams.get(id);
  if (upstream === undefined) throw new Error(`${fileName} has no upstream ${id}`);
  return upstream;
}

const FILES: Record<string, string> = {
  'examples/demo.yaml': 'demo',
  'examples/crm.yaml': 'crm',
  'examples/minimal.yaml': 'crm',
  'docker/penstock.yaml': 'demo',
};

it('every example is tried here', () => {
  const examples = readdirSync('examples').map((name) => `examples/${name}`);
  expect(examples.filter((name) => !(name in FILES))).toEqual([]);
});

it.each(Object.entries(FILES))('%s is accepted', (file, id) => {
  expect(upstreamOf(file, id).id).toBe(id);
});

it('the annotated example shows the defaults, except where it says "example"', () => {
  const { hosts, credentials, limits, refresh, ...shown } = upstreamOf('examples/crm.yaml', 'crm');
  const defaults = upstreamOf('examples/minimal.yaml', 'crm');
  expect(shown).toEqual({ ...shown, ...pick(defaults, Object.keys(shown)) });
  const examples = { windows: [], buckets: [], costs: [], throttleBudget: undefined };
  expect({ ...limits, ...examples }).toEqual(defaults.limits);
  expect({ ...refresh, maxAgeMs: undefined, resources: [] }).toEqual(defaults.refresh);
  expect([hosts.length, credentials === undefined]).toEqual([1, false]);
});

it('the demo plans items 101 to 6000 within what is left of its limit after the reserve', () => {
  const { refresh, limits } = upstreamOf('examples/demo.yaml', 'demo');
  expect(refresh.resources).toEqual(['/items/{101..6000}']);
  const perSecond = (5900 * 1000) / (refresh.maxAgeMs ?? 0);
  expect(perSecond).toBeLessThan((limits.windows[0]?.limit ?? 0) * (1 - limits.reserve));
});

function pick(upstream: UpstreamConfig, keys: string[]): Partial<UpstreamConfig> {
  return Object.fromEntries(Object.entries(upstream).filter(([key]) => keys.includes(key)));
}
