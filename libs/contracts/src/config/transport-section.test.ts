import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse-config.js';
import type { UpstreamConfig } from './penstock-config.js';

const env = {
  PW: 'p%40ss',
  WHOLE: 'http://user:pw@proxy.example:3128',
  BAD: '%zz',
  PEM: '-----BEGIN CERTIFICATE-----',
};

function read(line: string): { upstream: UpstreamConfig | undefined; faults: string; warnings: readonly string[] } {
  const text = `upstreams:\n  crm:\n    baseUrl: https://a.example\n    ${line}`;
  const parsed = parseConfig(text, { env, fileName: 'penstock.yaml' });
  if (parsed.kind === 'invalid') return { upstream: undefined, faults: JSON.stringify(parsed.faults), warnings: [] };
  return { upstream: parsed.config.upstreams.get('crm'), faults: '', warnings: parsed.warnings };
}

describe('proxy', () => {
  it.each([
    'http://proxy.example:3128',
    'https://proxy.example/',
    'http://[::1]:3128',
    'http://user:${PW}@proxy.example:3128',
    '${WHOLE}',
    '${file:/run/secrets/proxy}',
    'http://user:${file:/run/secrets/pw}@proxy.example',
  ])('%s stays as it is written', (proxy) => {
    expect(read(`proxy: ${JSON.stringify(proxy)}`)).toMatchObject({ upstream: { proxy }, warnings: [] });
  });

  it('a password that is written out is told of, without telling it', () => {
    const { warnings } = read('proxy: http://user:hunter2@proxy.example');
    expect(warnings).toEqual([expect.stringContaining('upstreams.crm.proxy holds the password itself')]);
    expect(warnings.join()).not.toContain('hunter2');
  });

  it.each([
    'proxy.example:3128',
    'socks5://proxy.example',
    'http://proxy.example/path',
    'http://user:hunter2@',
    'http:/user:hunter2@proxy.example',
    'http://user:${BAD}@proxy.example',
  ])('%s is refused, and not shown', (proxy) => {
    const { faults } = read(`proxy: ${JSON.stringify(proxy)}`);
    expect(faults).toContain('upstreams.crm.proxy');
    expect(faults).not.toContain('hunter2');
  });

  it('a variable that is not set is named', () => {
    expect(read('proxy: "http://user:${PV}@proxy.example"').faults).toContain('the environment variable PV to be set');
  });
});

describe('tls.ca', () => {
  it.each(['${file:/etc/ssl/ca.pem}', '${PEM}'])('%s stays as it is written', (ca) => {
    expect(read(`tls: { ca: "${ca}" }`).upstream?.tls).toEqual({ ca });
  });

  it('a path without a reference is refused', () => {
    expect(read('tls: { ca: /etc/ssl/ca.pem }').faults).toContain('a file of them such as ${file:');
  });

  it('an unknown key beside it is refused', () => {
    expect(read('tls: { cert: x }').faults).toContain('unknown key');
  });
});
