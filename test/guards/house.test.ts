import { describe, expect, it } from 'vitest';
import { houseRules, refusals } from './lint.js';

/** A fault planted at a path, and the clean counterpart that must pass there (or at `passesAt`). */
interface Planted {
  at: string;
  refused: string[];
  passes: string[];
  passesAt?: string[];
}

const SERVICE = 'apps/dispatcher/src/planted.service.ts';

const RULES: Record<string, Planted[]> = {
  'house/rooms': [
    {
      at: SERVICE,
      refused: [
        "import { x } from '../../scheduler/src/plan.js';",
        "import { x } from '../../demo-upstream/src/items.js';",
      ],
      passes: [
        "import { x } from '#core'; import { y } from '#bus'; import { z } from './lanes.js'; export default [x, y, z];",
      ],
    },
    {
      at: 'libs/bus/src/planted.ts',
      refused: [
        "import { x } from '#store';",
        "import { x } from '#runtime';",
        "import type { X } from '#store';",
        "export { x } from '#store';",
        "export const x = await import('#store');",
        "export type X = import('#store').X;",
        "const name = '#store'; export const x = await import(name);",
        "import { x } from '../../../apps/dispatcher/src/lanes.js';",
      ],
      passes: ["export { x } from '#contracts'; export { y } from '#core';"],
    },
    {
      at: 'libs/contracts/src/planted.ts',
      refused: ["import { x } from '#bus';"],
      passes: ["export { x } from '#core';"],
    },
    {
      at: 'libs/core/src/planted.ts',
      refused: ["import { x } from '#contracts';"],
      passes: ["export { x } from './ttl.js';"],
    },
    { at: 'libs/store/src/planted.ts', refused: ["import { x } from '#bus';"], passes: ["export { x } from '#core';"] },
    {
      at: 'libs/runtime/src/planted.ts',
      refused: ["import { x } from '#store';"],
      passes: ["export { x } from '#contracts';"],
    },
    {
      at: 'apps/demo-upstream/src/planted.ts',
      refused: ["import { x } from '#core';"],
      passes: ["export { x } from './items.js';"],
    },
    {
      at: 'apps/stack/src/planted.ts',
      refused: ["import { x } from '../../dispatcher/src/lanes.js';"],
      passes: ["export { x } from '#runtime';"],
    },
    {
      at: 'test/e2e/planted.test.ts',
      refused: [
        "import { x } from '../../apps/dispatcher/src/lanes.js';",
        "import { x } from '../../apps/demo-upstream/src/items.js';",
      ],
      passes: ["export { x } from '../../apps/stack/src/stack.js'; export { y } from '#bus';"],
    },
  ],
  'house/front-door': [
    {
      at: SERVICE,
      refused: [
        "import { x } from '../../../libs/core/src/ttl.js';",
        "import { x } from '../../../libs/core/src/index.js';",
        "import { x } from '#core/ttl';",
        "import { x } from '#common';",
        "import { x } from '/srv/penstock/libs/core/src/ttl.js';",
      ],
      passes: ["export { x } from '#core';"],
    },
    {
      at: 'libs/bus/src/deep/planted.ts',
      refused: [
        "import { x } from '../index.js';",
        "import { x } from '#bus';",
        "import { x } from '../../../core/src/ttl.js';",
        "import { x } from '..';",
      ],
      passes: ["export { x } from '../publisher.js'; export { y } from './index.js';"],
    },
    {
      at: 'libs/bus/src/planted.test.ts',
      refused: ["import { x } from './index.js';"],
      passes: ["export { x } from './publisher.js';"],
    },
  ],
  'house/no-export-all': [
    {
      at: 'libs/bus/src/index.ts',
      refused: ["export * from './publisher.js';", "export * as all from './publisher.js';"],
      passes: ["export { x } from './publisher.js';"],
    },
  ],
  'house/suffix': [
    {
      at: 'apps/cache-api/src/planted.ts',
      refused: [
        "import { Injectable } from '@nestjs/common';",
        "import { x } from '#bus';",
        "import { x } from '#store';",
        "import { type X, y } from '#store';",
      ],
      passes: [
        "export { x } from '#core'; export { y } from '#contracts';",
        "import type { X } from '#store'; export type Y = X;",
      ],
    },
    {
      at: 'apps/cache-api/src/planted.controller.ts',
      refused: ["import { x } from '#store';", "import { x } from '#bus';"],
      passes: ["export { Controller } from '@nestjs/common';"],
    },
    {
      at: 'apps/refresher/src/planted.consumer.ts',
      refused: ["import { x } from '#store';"],
      passes: ["export { x } from '#bus'; export { Injectable } from '@nestjs/common';"],
    },
    {
      at: 'apps/dispatcher/src/planted.client.ts',
      refused: ["import { x } from '#bus';"],
      passes: ["export { Injectable } from '@nestjs/common';"],
    },
    {
      at: 'apps/scheduler/src/config.ts',
      refused: ["import { x } from '#bus';"],
      passes: ["export { x } from '#runtime';"],
    },
    {
      at: 'apps/scheduler/src/planted.pipe.ts',
      refused: ["import { x } from '@nestjs/core';"],
      passes: ["export { x } from '#core';"],
    },
  ],
  'house/sql-in-store': [
    {
      at: SERVICE,
      refused: ["import { DataSource } from 'typeorm';", "import pg from 'pg';", "import type { Pool } from 'pg';"],
      passes: ["export { x } from '#store';"],
    },
    {
      at: 'libs/bus/src/planted.ts',
      refused: ["import pg from 'pg';"],
      passes: ["export { x } from './publisher.js';"],
    },
  ],
  'house/nats-in-bus': [
    {
      at: SERVICE,
      refused: ["import { connect } from '@nats-io/transport-node';"],
      passes: ["export { x } from '#bus';"],
    },
    {
      at: 'libs/runtime/src/planted.ts',
      refused: ["import { Kvm } from '@nats-io/kv';"],
      passes: ["export { x } from '#contracts';"],
    },
  ],
  'house/no-nest': [
    {
      at: 'libs/contracts/src/planted.ts',
      refused: ["import { Injectable } from '@nestjs/common';"],
      passes: ["export { z } from 'zod';"],
    },
    {
      at: 'libs/core/src/planted.ts',
      refused: ["import { Injectable } from '@nestjs/common';"],
      passes: ["export { x } from './ttl.js';"],
    },
  ],
  'house/upstream-client': [
    {
      at: SERVICE,
      refused: [
        "import axios from 'axios';",
        "import { Agent } from 'undici';",
        "export const answer = await fetch('http://api.example');",
        "import { request } from 'node:http'; export default request;",
        "import http from 'node:http'; http.get('http://api.example');",
      ],
      passes: [
        "import { createServer, type IncomingMessage } from 'node:http'; export default createServer; export type A = IncomingMessage;",
      ],
    },
    {
      at: 'apps/cache-api/src/upstream.client.ts',
      refused: ["import axios from 'axios';"],
      passes: ['export const x = 1;'],
    },
    {
      at: 'apps/demo-upstream/src/planted.ts',
      refused: ["import axios from 'axios';"],
      passes: ["export { createServer } from 'node:http';"],
    },
    {
      at: 'libs/runtime/src/planted.ts',
      refused: ["export { request } from 'undici';"],
      passes: ["export { createServer } from 'node:http';"],
    },
  ],
  'house/pure-core': [
    {
      at: 'libs/core/src/planted.ts',
      refused: [
        'export const now = Date.now();',
        'export const now = new Date();',
        'export const roll = Math.random();',
        'export const host = process.env.HOST;',
        'export const host = process.argv;',
        'setTimeout(() => undefined, 10);',
        "export const answer = await fetch('http://api.example');",
        "console.error('x');",
        'export const t = performance.now();',
        'export const id = crypto.randomUUID();',
        "import { randomBytes } from 'node:crypto';",
        "import { readFile } from 'node:fs/promises';",
        "import { EventEmitter } from 'node:events';",
        "import { LRUCache } from 'lru-cache';",
      ],
      passes: [
        "import { createHash } from 'node:crypto'; import { x } from './ttl.js'; export const y = [createHash, x];",
        'export const dateOf = (at: number): Date => new Date(at);',
        'export interface Word { process: string; fetch(): void }',
        'export const left = (x: { fetch: number }): number => x.fetch;',
      ],
    },
  ],
  'house/clock-and-chance': [
    {
      at: SERVICE,
      refused: [
        'export const now = Date.now();',
        'export const at = new Date().toISOString();',
        'export const roll = Math.random();',
        'export const t = performance.now();',
        'export const clock = Date.now;',
      ],
      passes: [
        'export const at = new Date(12).toISOString(); export const most = Math.max(1, 2); export const ms = Date.parse(at);',
      ],
    },
    { at: 'libs/bus/src/clock.ts', refused: ['export const now = Date.now();'], passes: ['export const x = 1;'] },
    {
      at: 'apps/demo-upstream/src/planted.ts',
      refused: ['export const now = Date.now();'],
      passes: ['export const x = 1;'],
      passesAt: [
        'libs/runtime/src/clock.ts',
        'libs/runtime/src/chance.ts',
        'apps/demo-upstream/src/clock.ts',
        'apps/stack/src/ports.ts',
      ],
    },
  ],
  'house/env-at-the-door': [
    {
      at: SERVICE,
      refused: [
        "export const host = process.env['PENSTOCK_HOST'];",
        'const { env } = process; export default env;',
        "import { env } from 'node:process';",
        "export const all = process['env'];",
      ],
      passes: ['export const pid = process.pid;'],
      passesAt: [
        'libs/runtime/src/config.ts',
        'apps/stack/src/config.ts',
        'apps/dispatcher/src/main.ts',
        'apps/demo-upstream/src/config.ts',
        'libs/store/src/planted.test.ts',
      ],
    },
    {
      at: 'libs/store/src/config.ts',
      refused: ['export const host = process.env.HOST;'],
      passes: ['export const x = 1;'],
    },
  ],
  'house/acks-in-bus': [
    {
      at: 'apps/refresher/src/planted.consumer.ts',
      refused: [
        'export const f = (m: M): void => m.ack();',
        'export const f = (m: M): void => m.nak(10);',
        "export const f = (m: M): void => m.term('bad');",
        'export const f = (m: M): void => m.working();',
        "export const f = (m: M): void => m['ack']();",
      ],
      passes: ['export const f = (m: M): unknown => m.acknowledged;'],
      passesAt: ['libs/bus/src/worker.ts'],
    },
  ],
  'house/subjects-in-contracts': [
    {
      at: SERVICE,
      refused: [
        "export const s = 'work.fetch.now';",
        "export const s = 'event.>';",
        "export const s = 'stream.*';",
        "export const s = 'dead.' + id;",
        'export const s = (u: string): string => `call.${u}.7`;',
        'export const s = (ns: string): string => `${ns}.state.upstream`;',
        'export const s = (ns: string): string => `${ns}.event.>`;',
        "export const s = 'fetch.crm';",
        "export const s = 'stat.reads';",
      ],
      passes: ["export const s = ['workflow.x', 'a call. Then rest', 'eventually', `${x}.events.of`, 'penstock'];"],
      passesAt: ['libs/contracts/src/subjects.ts', 'test/integration/planted.test.ts'],
    },
  ],
  'house/file-names': [
    ...[
      'libs/core/src/utils.ts',
      'libs/core/src/time-helper.ts',
      'libs/core/src/common/ttl.ts',
      'apps/dispatcher/src/cacheManager.ts',
      'apps/dispatcher/src/base.service.ts',
      'libs/bus/src/shared.ts',
      'libs/bus/src/entry-info.ts',
      'libs/bus/src/codec-v2.ts',
      'libs/bus/src/process.ts',
      'test/e2e/misc.test.ts',
      'libs/store/src/new-entry.ts',
      'libs/store/src/data.ts',
    ].map((at) => ({ at, refused: ['export {};'], passes: [] as string[] })),
    {
      at: 'libs/core/src/x.ts',
      refused: [],
      passes: ['export {};'],
      passesAt: [
        'libs/core/src/base-url.ts',
        'apps/cache-api/src/data-plane.controller.ts',
        'libs/bus/src/child-process.ts',
      ],
    },
  ],
  'house/names': [
    {
      at: 'libs/bus/src/planted.ts',
      refused: [
        'export class LeaseManager {}',
        'export interface EntryInfo { a: 1 }',
        'export type SharedState = 1;',
        'export function handle(): void {}',
        'export const parseHelper = (): void => undefined;',
        'export enum BaseKind { a }',
      ],
      passes: [
        'export class Lease {} export interface Entry { data: 1 } export function handleOf(): void {} export const baseUrlOf = (): number => 1;',
      ],
    },
  ],
  'house/injected-classes': [
    {
      at: SERVICE,
      refused: [
        "import { Injectable } from '@nestjs/common'; import type { Arbiter } from './arbiter.js'; @Injectable() export class A { constructor(private readonly arbiter: Arbiter) {} }",
        "import { Injectable } from '@nestjs/common'; import { type Arbiter } from './arbiter.js'; @Injectable() export class A { constructor(arbiter: Arbiter) { void arbiter; } }",
      ],
      passes: [
        "import { Injectable } from '@nestjs/common'; import { Arbiter } from './arbiter.js'; @Injectable() export class A { constructor(private readonly arbiter: Arbiter) {} }",
        "import { Inject, Injectable } from '@nestjs/common'; import type { Clock } from '#core'; @Injectable() export class A { constructor(@Inject('clock') private readonly clock: Clock) {} }",
        "import type { Clock } from '#core'; export class A { constructor(private readonly clock: Clock) {} }",
      ],
    },
    {
      at: 'libs/store/src/planted.ts',
      refused: [
        "import { Injectable } from '@nestjs/common'; import type { Pool } from './pool.js'; @Injectable() export class A { constructor(pool: Pool) { void pool; } }",
      ],
      passes: [
        "import { Injectable } from '@nestjs/common'; import { Pool } from './pool.js'; @Injectable() export class A { constructor(pool: Pool) { void pool; } }",
      ],
    },
  ],
  'house/module-has-no-if': [
    {
      at: 'apps/dispatcher/src/planted.module.ts',
      refused: ['if (a) b();', 'export const x = a ? 1 : 2;'],
      passes: ['export class PlantedModule {}'],
    },
  ],
  'house/no-double-assertion': [
    { at: SERVICE, refused: ['export const x = 1 as unknown as string;'], passes: ['export const x = 1 as unknown;'] },
  ],
  'house/say-why': [
    {
      at: SERVICE,
      refused: [
        '// eslint-disable-next-line no-console\nconsole.error(1);',
        '// @ts-expect-error\nexport const x: string = 1;',
      ],
      passes: [
        '// eslint-disable-next-line no-console -- the logger is not up yet\nconsole.error(1);',
        '// @ts-expect-error the driver has no types\nexport const x: string = 1;',
      ],
    },
  ],
  'house/no-parked-tests': [
    {
      at: 'libs/core/src/planted.test.ts',
      refused: ["it.only('x', () => {});", "describe.skip('x', () => {});", "it.todo('x');"],
      passes: ["describe.skipIf(noServer)('x', () => {});"],
    },
  ],
  'house/titles-are-facts': [
    {
      at: 'libs/core/src/planted.test.ts',
      refused: ["it('should renew the ttl', () => {});", 'test(`Should ${x}`, () => {});'],
      passes: ["it('a 304 renews the ttl', () => {});"],
    },
  ],
  'no-console': [
    { at: SERVICE, refused: ["console.log('x');"], passes: ["process.stdout.write('x');"] },
    { at: 'libs/bus/src/planted.ts', refused: ["console.error('x');"], passes: ["process.stdout.write('x');"] },
  ],
  'no-warning-comments': [
    { at: SERVICE, refused: ['// TODO: later\nexport {};'], passes: ['// the to-do list of the vendor\nexport {};'] },
  ],
  'max-lines': [{ at: SERVICE, refused: ['export {};\n'.repeat(351)], passes: ['export {};\n'.repeat(350).trimEnd()] }],
  'max-lines-per-function': [
    {
      at: SERVICE,
      refused: [`export function f(): void {\n${'  g();\n'.repeat(60)}}`],
      passes: [`export function f(): void {\n${'  g();\n'.repeat(40)}}`],
    },
  ],
  '@typescript-eslint/max-params': [
    {
      at: 'libs/core/src/planted.ts',
      refused: ['export const f = (a: 1, b: 1, c: 1, d: 1, e: 1): unknown => [a, b, c, d, e];'],
      passes: ['export const f = (a: 1, b: 1, c: 1, d: 1): unknown => [a, b, c, d];'],
    },
    {
      at: SERVICE,
      refused: [
        'export class A { constructor(a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1) { void [a, b, c, d, e, f, g, h]; } }',
      ],
      passes: [
        'export class A { constructor(a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1) { void [a, b, c, d, e, f, g]; } }',
      ],
    },
  ],
  'max-depth': [
    {
      at: SERVICE,
      refused: ['if (a) { if (b) { if (c) { if (d) { e(); } } } }'],
      passes: ['if (a) { if (b) { if (c) { e(); } } }'],
    },
  ],
  complexity: [
    {
      at: SERVICE,
      refused: [
        `export function f(x: number): void {\n${Array.from({ length: 12 }, (_, i) => `if (x > ${i}) g();`).join('\n')}\n}`,
      ],
      passes: [
        `export function f(x: number): void {\n${Array.from({ length: 11 }, (_, i) => `if (x > ${i}) g();`).join('\n')}\n}`,
      ],
    },
  ],
  '@typescript-eslint/no-explicit-any': [
    { at: SERVICE, refused: ['export const x: any = 1;'], passes: ['export const x: unknown = 1;'] },
  ],
  '@typescript-eslint/no-non-null-assertion': [
    { at: SERVICE, refused: ['export const x = y!;'], passes: ['export const x = y;'] },
  ],
};

describe.each(Object.entries(RULES))('%s', (rule, cases) => {
  for (const { at, refused, passes, passesAt = [] } of cases) {
    it.each(refused)(`refuses at ${at}: %s`, async (text) => {
      expect(await refusals(at, text)).toContain(rule);
    });
    it.each(passes)(`lets pass at ${at}: %s`, async (text) => {
      expect((await refusals(at, text)).filter((id) => id === rule || id.startsWith('not linted'))).toEqual([]);
    });
    it.each(passesAt)(`holds not at %s what it holds at ${at}`, async (elsewhere) => {
      const ids = await Promise.all((refused.length > 0 ? refused : passes).map((text) => refusals(elsewhere, text)));
      expect(ids.flat().filter((id) => id === rule || id.startsWith('not linted'))).toEqual([]);
    });
  }
});

it('every rule of the house has its planted fault here', async () => {
  const planted = Object.keys(RULES).filter((rule) => rule.startsWith('house/'));
  expect(planted.sort()).toEqual((await houseRules()).sort());
});
