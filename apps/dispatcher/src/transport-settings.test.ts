import { expect, it } from 'vitest';
import { parseConfig, type UpstreamConfig } from '#contracts';
import { transportOf } from './transport-settings.js';

const files: Readonly<Record<string, string>> = {
  '/pw': 'hunter2\n',
  '/bad.pem': 'no certificate\n',
  '/url': 'proxy.example\n',
};
const source = {
  env: {},
  readFile: (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error('ENOENT');
    return text;
  },
};

function upstream(line: string): UpstreamConfig {
  const parsed = parseConfig(`upstreams:\n  crm:\n    baseUrl: https://a.example\n    ${line}`, {
    env: {},
    fileName: 'penstock.yaml',
  });
  const found = parsed.kind === 'valid' ? parsed.config.upstreams.get('crm') : undefined;
  if (found === undefined) throw new Error('expected a valid configuration');
  return found;
}

it('puts what the references hold into proxy and CA', () => {
  const config = upstream('proxy: "http://user:${file:/pw}@proxy.example:3128"');
  expect(transportOf(config, source)).toEqual({ proxy: 'http://user:hunter2@proxy.example:3128', ca: undefined });
});

it.each([
  ['proxy: "${file:/none}"', 'the proxy of upstream crm cannot be resolved here: the file /none'],
  ['proxy: "${file:/url}"', 'the proxy of upstream crm is no http or https URL'],
  ['tls: { ca: "${file:/none}" }', 'the CA of upstream crm cannot be resolved here: the file /none'],
  ['tls: { ca: "${file:/bad.pem}" }', 'the CA of upstream crm is no certificate in PEM'],
])('%s: %s', (line, message) => {
  expect(() => transportOf(upstream(line), source)).toThrow(message);
});
