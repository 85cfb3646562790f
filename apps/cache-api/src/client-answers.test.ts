import { describe, expect, test } from 'vitest';
import { entryFrom } from '#core';
import type { Entry, Fields } from '#core';
import { passed, respond } from './client-answers.js';
import type { Asked } from './client-answers.js';
import type { ClientAnswer } from './client-call.js';
import type { HeldEntry } from './entry-map.js';

const NOW = Date.UTC(2026, 10, 24, 12, 0, 10);
const BODY = Buffer.from('0123456789');
const TOLD = { status: { kind: 'hit', ttlMs: 60_000 }, ageMs: 1_000, outcome: 'hit' } as const;

function held(fields: Fields = [['ETag', '"a"']], status = 200): HeldEntry {
  const entry: Entry = entryFrom({
    request: {
      key: 'k',
      urlHash: 'u',
      upstream: 'own',
      path: '/x',
      partition: 'shared',
      variant: '',
      vary: [],
    },
    response: {
      status,
      fields: [
        ['Content-Type', 'text/plain'],
        ['Content-Language', 'en'],
        ['Content-Length', '10'],
        ['Last-Modified', 'Tue, 24 Nov 2026 12:00:00 GMT'],
        ['Date', 'Tue, 24 Nov 2026 12:00:10 GMT'],
        ...fields,
      ],
    },
    version: { fence: 1, send: 1 },
    requestedAt: NOW,
    receivedAt: NOW,
    bodyHash: 'f'.repeat(64),
    bodyBytes: BODY.byteLength,
    policy: { profile: 'strict', ttlMs: 0, graceMs: 0, keepMs: 0, refreshMaxAgeMs: undefined },
  });
  return { entry, body: BODY };
}

function asked(fields: Fields, method = 'GET'): Asked {
  return { method, fields, path: '/x', upstream: { id: 'own' } };
}

function field({ fields }: ClientAnswer, name: string): string | undefined {
  const lines = fields.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
  return lines.length === 0 ? undefined : lines.join(', ');
}

describe('ranges of what is stored', () => {
  test('one is a 206 of these octets, with all that describes them', () => {
    const answer = respond(asked([['Range', 'bytes=2-4']]), held(), TOLD);
    expect(answer.status).toBe(206);
    expect(Buffer.from(answer.body).toString()).toBe('234');
    expect(field(answer, 'content-range')).toBe('bytes 2-4/10');
    expect(field(answer, 'content-length')).toBe('3');
    expect(field(answer, 'content-type')).toBe('text/plain');
    for (const name of ['etag', 'date', 'age', 'via', 'cache-status', 'last-modified'])
      expect(field(answer, name)).toBeDefined();
  });

  test('whoever says If-Range is not told again what it has', () => {
    const ifRange: Fields = [
      ['Range', 'bytes=2-4'],
      ['If-Range', '"a"'],
    ];
    const answer = respond(asked(ifRange), held(), TOLD);
    expect(answer.status).toBe(206);
    for (const name of ['content-language', 'last-modified']) expect(field(answer, name)).toBeUndefined();
    expect(field(answer, 'etag')).toBe('"a"');
  });

  test('several are multipart, under one Content-Length', () => {
    const answer = respond(asked([['Range', 'bytes=0-0, 9-9']]), held(), TOLD);
    expect(answer.status).toBe(206);
    expect(field(answer, 'content-type')).toMatch(/^multipart\/byteranges; boundary=f{32}$/);
    expect(field(answer, 'content-range')).toBeUndefined();
    expect(field(answer, 'content-length')).toBe(String(answer.body.byteLength));
  });

  test('none of it is a 416 that tells the length and is kept by nobody', () => {
    const answer = respond(asked([['Range', 'bytes=10-']]), held(), TOLD);
    expect(answer.status).toBe(416);
    expect(field(answer, 'content-range')).toBe('bytes */10');
    expect(field(answer, 'cache-control')).toBe('no-store');
  });

  test('a condition that says 304 goes before it', () => {
    const both: Fields = [
      ['If-None-Match', '"a"'],
      ['Range', 'bytes=0-0'],
    ];
    expect(respond(asked(both), held(), TOLD).status).toBe(304);
  });

  test('a HEAD has none', () => {
    const answer = respond(asked([['Range', 'bytes=0-0']], 'HEAD'), held(), TOLD);
    expect(answer.status).toBe(200);
    expect(field(answer, 'content-length')).toBe('10');
  });
});

describe('304', () => {
  test('Last-Modified is told where there is no ETag', () => {
    const since: Fields = [['If-Modified-Since', 'Tue, 24 Nov 2026 12:00:00 GMT']];
    expect(field(respond(asked(since), held([]), TOLD), 'last-modified')).toBeDefined();
    expect(field(respond(asked(since), held(), TOLD), 'last-modified')).toBeUndefined();
  });
});

describe('what is not kept', () => {
  test.each([204, 304])('a HEAD answered %i has no Content-Length', (status) => {
    const told = { status: { kind: 'forwarded', reason: 'bypass' }, outcome: 'pass' } as const;
    const answer = passed(
      asked([], 'HEAD'),
      { status, fields: [['Content-Length', '0']], body: new Uint8Array(0) },
      told,
    );
    expect(field(answer, 'content-length')).toBeUndefined();
  });

  test('a HEAD answered 200 keeps the length that the upstream told', () => {
    const told = { status: { kind: 'forwarded', reason: 'bypass' }, outcome: 'pass' } as const;
    const answer = passed(
      asked([], 'HEAD'),
      { status: 200, fields: [['Content-Length', '77']], body: new Uint8Array(0) },
      told,
    );
    expect(field(answer, 'content-length')).toBe('77');
  });
});
