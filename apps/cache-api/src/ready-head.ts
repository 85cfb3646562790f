import { STATUS_CODES } from 'node:http';
import { codingOf, fieldValue, isNamed } from '#core';
import type { Fields } from '#core';
import type { ClientAnswer } from './client-call.js';

/** A header section that needs nothing but the age and the cache status to be sent. */
export interface ReadyHead {
  readonly beforeAge: string;
  readonly between: string;
  readonly afterStatus: string;
  /** In which the body is: for clients that take it. */
  readonly coding: string | undefined;
  /** What was last made of it: age and ttl are told in seconds, and a second has many hits. */
  told: { readonly ageS: number; readonly status: string; readonly head: string } | undefined;
}

export function headAt(ready: ReadyHead, ageS: number, status: string): string {
  const { told } = ready;
  if (told !== undefined && told.ageS === ageS && told.status === status) return told.head;
  const head = `${ready.beforeAge}${ageS}${ready.between}${status}${ready.afterStatus}`;
  ready.told = { ageS, status, head };
  return head;
}

/** What Node writes itself, and what no header line may hold. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Cuts the general answer apart where it changes from hit to hit: in the values of our own Age and Cache-Status, which are the last of
 * their names. Undefined where the answer cannot be sent like this.
 */
export function readyHeadOf({ status, fields, body }: ClientAnswer, keepAliveMs: number): ReadyHead | undefined {
  const age = fields.findLastIndex(([name]) => isNamed(name, 'age'));
  const cacheStatus = fields.findLastIndex(([name]) => isNamed(name, 'cache-status'));
  const isCut = age !== -1 && cacheStatus > age && fieldValue(fields, 'date') !== undefined;
  if (!isCut || fieldValue(fields, 'content-length') !== String(body.byteLength)) return undefined;
  if (!fields.every(([, value]) => VALUE.test(value))) return undefined;
  return {
    coding: codingOf(fields),
    told: undefined,
    beforeAge: `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n${linesOf(fields.slice(0, age))}Age: `,
    between: `\r\n${linesOf(fields.slice(age + 1, cacheStatus))}Cache-Status: `,
    afterStatus: `\r\n${linesOf(fields.slice(cacheStatus + 1))}${persistence(keepAliveMs)}\r\n`,
  };
}

function linesOf(fields: Fields): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

/** As node:http says it to a client of HTTP/1.1. */
function persistence(keepAliveMs: number): string {
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n`;
}
