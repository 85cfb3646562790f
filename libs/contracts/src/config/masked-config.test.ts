import { expect, it } from 'vitest';
import { maskedConfig } from './masked-config.js';
import { parseConfig } from './parse-config.js';

function maskedUpstream(value: string, resource = '/items'): unknown {
  const text = `upstreams: { crm: { baseUrl: https://a.example, credentials: { header: A, value: ${JSON.stringify(value)} }, refresh: { resources: [ ${JSON.stringify(resource)} ] } } }`;
  const parsed = parseConfig(text, { env: { T: 'x' }, fileName: 'penstock.yaml' });
  return parsed.kind === 'valid' ? maskedConfig(parsed.config).upstreams['crm'] : undefined;
}

it.each([
  ['Bearer ${T}', 'Bearer ${T}'],
  ['${file:/run/secrets/x}', '${file:/run/secrets/x}'],
  ['Bearer abc', 'Bearer ***'],
  ['abc${T}', '***${T}'],
  ['abc', '***'],
])('the credential %s is shown as %s', (value, shown) => {
  expect(maskedUpstream(value)).toMatchObject({ credentials: { value: shown } });
});

it.each([
  ['http://proxy.example:3128', 'http://proxy.example:3128'],
  ['http://me:secret@proxy.example:3128', 'http://***:***@proxy.example:3128'],
  ['http://me:${T}@proxy.example', 'http://***:${T}@proxy.example'],
  ['${file:/run/secrets/proxy}', '${file:/run/secrets/proxy}'],
])('the proxy %s is shown as %s', (proxy, shown) => {
  const text = `upstreams: { crm: { baseUrl: https://a.example, proxy: ${JSON.stringify(proxy)} } }`;
  const parsed = parseConfig(text, { env: { T: 'x' }, fileName: 'penstock.yaml' });
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.faults));
  expect(maskedConfig(parsed.config).upstreams['crm']?.proxy).toBe(shown);
});

it('a credential in the query of a resource is masked', () => {
  expect(maskedUpstream('${T}', '/items?page=1&api_key=abc')).toMatchObject({
    refresh: { resources: ['/items?page=1&api_key=***'] },
  });
});

it('the masked configuration survives JSON', () => {
  const parsed = parseConfig('upstreams: { b: { baseUrl: http://b.example }, a: { baseUrl: http://a.example } }', {
    env: {},
    fileName: 'penstock.yaml',
  });
  if (parsed.kind === 'invalid') throw new Error('expected a valid configuration');
  const shown = JSON.parse(JSON.stringify(maskedConfig(parsed.config))) as { upstreams: object; dataPlane: object };
  expect(Object.keys(shown.upstreams)).toEqual(['b', 'a']);
  expect(shown.dataPlane).toEqual({ requireAccessToken: true });
});
