import { randomBytes } from 'node:crypto';
import type { Envelope } from '#contracts';
import type { BusClock } from './connection.js';

export interface EnvelopeSource {
  /** The id of the message or call that led to this one. */
  readonly cause: string;
  /** Of that message or call; absent: a trace begins here. */
  readonly traceparent?: string;
}

export type EnvelopeMaker = (source: EnvelopeSource) => Envelope;

const SPAN_BYTES = 8;
const TRACE_BYTES = 16;
/** W3C Trace Context, version 00: trace id, parent id, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const ALL_ZERO = /^0+$/;

/** Ids are the process's identity, a random part drawn once, and a number: unique also after a restart, and cheap. */
export function createEnvelopeMaker(clock: BusClock, identity: string): EnvelopeMaker {
  const prefix = `${identity}-${randomBytes(4).toString('hex')}-`;
  const timeOf = createTimeTexts();
  let count = 0;
  return ({ cause, traceparent }) => ({
    id: prefix + (count += 1).toString(36),
    at: timeOf(clock.now()),
    cause,
    traceparent: childTraceparent(traceparent),
  });
}

/** Many messages are made in one millisecond. */
function createTimeTexts(): (atMs: number) => string {
  let last = { atMs: NaN, text: '' };
  return (now) => {
    const atMs = Math.trunc(now);
    if (atMs !== last.atMs) last = { atMs, text: new Date(atMs).toISOString() };
    return last.text;
  };
}

/** Same trace, a span of our own. W3C Trace Context 3.2: a vendor that cannot parse the traceparent starts a new trace. */
export function childTraceparent(parent?: string): string {
  const match = parent === undefined ? null : TRACEPARENT.exec(parent);
  const [, trace, span, flags] = match ?? [];
  // "All bytes as zero is an invalid value", for the trace id and for the parent id.
  if (!trace || !span || !flags || ALL_ZERO.test(trace) || ALL_ZERO.test(span)) return rootTraceparent();
  return `00-${trace}-${chance.hex(SPAN_BYTES)}-${flags}`;
}

function rootTraceparent(): string {
  return `00-${chance.hex(TRACE_BYTES)}-${chance.hex(SPAN_BYTES)}-01`;
}

/** Random bytes drawn 4 KiB at a time: one system call, and one text, for some 500 spans. */
class RandomPool {
  private digits = '';
  private used = 0;

  hex(bytes: number): string {
    const from = this.used;
    this.used += bytes * 2;
    if (this.used <= this.digits.length) return this.digits.slice(from, this.used);
    this.digits = randomBytes(4096).toString('hex');
    this.used = bytes * 2;
    return this.digits.slice(0, this.used);
  }
}

const chance = new RandomPool();
