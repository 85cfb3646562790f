import { describe, expect, it } from 'vitest';
import { renderCacheStatus } from './cache-status.js';
import { renderProxyStatus } from './proxy-status.js';

describe('Cache-Status (RFC 9211)', () => {
  it('of a hit tells the ttl, negative as soon as it is stale', () => {
    expect(renderCacheStatus({ kind: 'hit', ttlMs: 41_900 })).toBe('penstock; hit; ttl=41');
    expect(renderCacheStatus({ kind: 'hit', ttlMs: -11_500, detail: 'paused' })).toBe(
      'penstock; hit; ttl=-12; detail=paused',
    );
    expect(renderCacheStatus({ kind: 'hit', ttlMs: -1 })).toBe('penstock; hit; ttl=-1');
    expect(renderCacheStatus({ kind: 'hit', ttlMs: 0 })).toBe('penstock; hit; ttl=0');
  });

  it('of a forwarded request tells why, with what answer, and what became of it', () => {
    expect(
      renderCacheStatus({ kind: 'forwarded', reason: 'uri-miss', status: 200, stored: true, collapsed: true }),
    ).toBe('penstock; fwd=uri-miss; fwd-status=200; stored; collapsed');
    expect(renderCacheStatus({ kind: 'forwarded', reason: 'method', stored: false })).toBe('penstock; fwd=method');
  });

  it('quotes a detail that is no token', () => {
    expect(renderCacheStatus({ kind: 'forwarded', reason: 'bypass', detail: 'a "b"\r\n' })).toBe(
      String.raw`penstock; fwd=bypass; detail="a \"b\"??"`,
    );
  });
});

describe('Proxy-Status (RFC 9209)', () => {
  it('tells who said no, and why', () => {
    expect(renderProxyStatus({ error: 'destination_unavailable' })).toBe('penstock; error=destination_unavailable');
    expect(
      renderProxyStatus({
        error: 'http_request_denied',
        nextHop: 'api.crm.example',
        receivedStatus: 429,
        details: 'paused "until" noon',
      }),
    ).toBe(
      String.raw`penstock; error=http_request_denied; next-hop="api.crm.example"; received-status=429; details="paused \"until\" noon"`,
    );
  });
});
