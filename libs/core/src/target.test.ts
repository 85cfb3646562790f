import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter } from './target.js';
import { urlOf } from './upstream-place.js';

const CRM = 'https://API.crm.example:443/v2/';
const router = createRouter([
  { id: 'crm', baseUrl: CRM, hosts: ['api.crm.example', 'CRM.example:8443', '[::1]:9000'] },
  { id: 'demo', baseUrl: 'http://127.0.0.1:8090', hosts: ['demo.example'] },
]);

const pathOf = (target: string): string => {
  const routed = router.route(target);
  return routed.kind === 'upstream' ? `${routed.upstream} ${routed.path}` : JSON.stringify(routed);
};
const refusalOf = (target: string): string => {
  const routed = router.route(target);
  return routed.kind === 'refused' ? `${routed.status} ${routed.code}` : routed.kind;
};

describe('a target in origin form', () => {
  it.each([
    ['/crm/x?q=1', 'crm /x?q=1'],
    ['/crm', 'crm '],
    ['/crm/', 'crm /'],
    ['/crm?q', 'crm ?q'],
    ['/crm/a//b/%7Ex/;p=1?q=100%&r=../..', 'crm /a//b/%7Ex/;p=1?q=100%&r=../..'],
    ['/crm/a..b/.../.x', 'crm /a..b/.../.x'],
    ['/crm/https://other.example/x', 'crm /https://other.example/x'],
  ])('%s goes to %s, byte for byte', (target, expected) => {
    expect(pathOf(target)).toBe(expected);
  });

  it('of an upstream that is not declared is refused with 404', () => {
    expect(['/CRM/x', '/nope', '/', '//crm/x', '/.penstock'].map(refusalOf)).toEqual(
      Array(5).fill('404 unknown-upstream'),
    );
  });

  it('below /.penstock/ is our own', () => {
    expect(router.route('/.penstock/answers/7?x')).toEqual({ kind: 'own', path: '/.penstock/answers/7?x' });
  });
});

describe('a target in absolute form (RFC 9112 3.2.2)', () => {
  it.each([
    ['http://api.crm.example/v2/x?q', 'crm /x?q'],
    ['HTTP://API.CRM.EXAMPLE:80/v2/x', 'crm /x'],
    ['https://api.crm.example:443/v2', 'crm '],
    ['https://api.crm.example/v2?q', 'crm ?q'],
    ['http://crm.example:8443/v2/x', 'crm /x'],
    ['http://[::1]:9000/v2/x', 'crm /x'],
    ['http://demo.example', 'demo '],
    ['http://demo.example:?q', 'demo ?q'],
  ])('%s goes to %s', (target, expected) => {
    expect(pathOf(target)).toBe(expected);
  });

  it.each([
    ['http://other.example/v2/x', '403 undeclared-host'],
    ['http://api.crm.example:8080/v2/x', '403 undeclared-host'],
    ['http://api.crm.example.evil/v2/x', '403 undeclared-host'],
    ['http://api.crm.example/v20/x', '403 outside-base-url'],
    ['http://api.crm.example/V2/x', '403 outside-base-url'],
    ['http://api.crm.example/', '403 outside-base-url'],
    ['http://user:pw@api.crm.example/v2/x', '400 malformed-target'],
    ['http:///v2/x', '400 malformed-target'],
    ['ftp://api.crm.example/v2/x', '400 malformed-target'],
    ['api.crm.example:443', '400 malformed-target'],
    ['*', '400 malformed-target'],
    ['', '400 malformed-target'],
  ])('%s is refused: %s', (target, expected) => {
    expect(refusalOf(target)).toBe(expected);
  });

  it('below /.penstock/ of a declared host is our own', () => {
    expect(router.route('http://demo.example/.penstock/answers/7')).toEqual({
      kind: 'own',
      path: '/.penstock/answers/7',
    });
    expect(refusalOf('http://other.example/.penstock/answers/7')).toBe('403 undeclared-host');
  });

  it('names the same URL as the origin form', () => {
    const one = router.route('/crm/x?q');
    expect(router.route('http://api.crm.example/v2/x?q')).toEqual(one);
  });
});

describe('a target that could mean two things', () => {
  it.each([
    '/crm/..',
    '/crm/../x',
    '/crm/%2e%2E/x',
    '/crm/.%2e/x',
    '/crm/a%2f..%2fb',
    '/crm/..%5cb',
    '/crm/..;p=1/x',
    '/crm/..%3bp/x',
    '/../crm/x',
    'http://demo.example/../x',
  ])('%s is refused for its dot segment (RFC 3986 6.2.2)', (target) => {
    expect(refusalOf(target)).toBe('400 dot-segment');
  });

  it.each([
    '/crm/x#f',
    '/crm/x?q#f',
    '/crm/a\\b',
    '/crm/a b',
    '/crm/a\tb',
    '/crm/a\r\nb',
    '/crm/a\0',
    '/crm/a\x7f',
    '/crm/\u0100',
    '/crm/%',
    '/crm/%2',
    '/crm/%zz/x',
  ])('%j is refused as malformed', (target) => {
    expect(refusalOf(target)).toBe('400 malformed-target');
  });

  it('is refused without its query in the message', () => {
    const routed = router.route('/nope?token=secret');
    expect(JSON.stringify(routed)).not.toContain('secret');
  });

  it('never yields a path in which decoding shows a ".." segment', () => {
    const piece = fc.constantFrom('.', '..', '%2e', '%2E', '%2f', '%5C', '/', ';', 'a', '?', '%25', '\\', '%3b');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.constantFrom('/crm/', 'http://demo.example/'),
        (pieces, start) => {
          const routed = router.route(start + pieces.join(''));
          if (routed.kind !== 'upstream') return;
          const decoded = decodeURIComponent(routed.path.split('?')[0] ?? '');
          expect(decoded.split(/[/\\]/)).not.toContain('..');
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('the URL of a resource (RFC 9110 4.2.3)', () => {
  it('has scheme and host in lower case, no default port, and path and query byte for byte', () => {
    expect(urlOf('HTTPS://API.crm.example:443/v2/', '/A%7e?q=%2F&b')).toBe('https://api.crm.example/v2/A%7e?q=%2F&b');
    expect(urlOf('http://h:8090/', '/x')).toBe('http://h:8090/x');
  });

  it('is the same with an empty path as with a slash at the root', () => {
    expect(urlOf('http://h', '')).toBe('http://h/');
    expect(urlOf('http://h', '?q')).toBe('http://h/?q');
    expect(urlOf('http://h/v2', '')).toBe('http://h/v2');
  });
});
