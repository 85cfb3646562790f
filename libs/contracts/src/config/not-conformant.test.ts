import { expect, it } from 'vitest';
import { parseConfig } from './parse-config.js';

function warningsOf(cache: string): readonly string[] {
  const parsed = parseConfig(`upstreams: { crm: { baseUrl: http://a.example, cache: ${cache} } }`, {
    env: {},
    fileName: 'penstock.yaml',
  });
  return parsed.kind === 'valid' ? parsed.warnings : ['expected a valid configuration'];
}

it('overriding directives is told as what it is, with the upstream and the directives', () => {
  expect(warningsOf('{ ignoreDirectives: [no-store, private] }')).toEqual([
    expect.stringContaining('upstreams.crm.cache.ignoreDirectives: [no-store, private] does not conform to RFC 9111'),
  ]);
});

it('overriding directives in profile strict is told to have no effect', () => {
  expect(warningsOf('{ profile: strict, ignoreDirectives: [no-cache] }')).toEqual([
    expect.stringContaining('has no effect in cache.profile: strict'),
  ]);
});

it('overriding nothing is told nothing', () => {
  expect(warningsOf('{ ignoreDirectives: [] }')).toEqual([]);
});
