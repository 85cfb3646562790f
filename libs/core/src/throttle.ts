import { AnswerBody, type AnswerBodyOf } from './answer-body.js';
import type { Dialect, ThrottleRule, ThrottleScope, ThrottleTest, WaitSource } from './dialects/dialect.js';
import { fieldLines, fieldValue, type Fields } from './fields.js';
import { parseHttpDate } from './http-date.js';
import { untilMidnight } from './midnight.js';
import { pointsOf, quotasOf, type Quota } from './quotas.js';
import { readWait, type ReadWait } from './wait-value.js';

/** An answer, and when it was received. Its body is looked at only where the dialect has something to look for. */
export interface AnswerHead extends AnswerBodyOf {
  readonly status: number;
  readonly nowMs: number;
}

/** What was told and could not be used, cut to 64 characters. */
export interface IgnoredValue {
  readonly field: string;
  readonly value: string;
}

export type ThrottleReading = { readonly kind: 'none' } | ThrottleFound;

export interface ThrottleFound {
  readonly kind: 'throttle';
  /** Undefined: the upstream told no wait that can be used. */
  readonly waitMs: number | undefined;
  /** The same on our clock. */
  readonly resetAtMs: number | undefined;
  readonly resolutionMs: 1 | 1000;
  /** The documented wait, which doubles with each throttle in a row. */
  readonly grows: boolean;
  /** The field or body path that was believed, the dialect where its documentation was, or `none`: for the log and the live view. */
  readonly source: string;
  /** What it said, cut to 64 characters. */
  readonly raw: string | undefined;
  /** Undefined: the vendor does not say; what is configured holds. */
  readonly scope: ThrottleScope | undefined;
  /** Waiting a little does not help: paused until the reset that is known, or that of the day. */
  readonly final: boolean;
  readonly ignored: readonly IgnoredValue[];
}

interface Told extends ReadWait {
  readonly source: string;
  readonly raw: string | undefined;
}

const NOT_A_THROTTLE: ThrottleReading = { kind: 'none' };
const LONGEST_SHOWN = 64;

/** Whether an answer is a throttle in this dialect, and for how long it asks us to wait. */
export function readThrottle(answer: AnswerHead, dialect: Dialect): ThrottleReading {
  const rules = dialect.throttles.filter(({ status }) => status === answer.status);
  if (rules.length === 0) return NOT_A_THROTTLE;
  const body = new AnswerBody(answer);
  const rule = rules.find(({ when = [] }) => when.every((test) => holds(test, answer.fields, body)));
  return rule === undefined ? NOT_A_THROTTLE : new ThrottledAnswer(answer, body, dialect).readBy(rule);
}

// RFC 9110 10.2.3 gives Retry-After as a date; against the answer's own Date the vendor's clock may be off by any amount.
export function sentAt(fields: Fields, nowMs: number): number {
  return parseHttpDate(fieldValue(fields, 'date')) ?? nowMs;
}

function holds(test: ThrottleTest, fields: Fields, body: AnswerBody): boolean {
  const values = 'field' in test ? fieldLines(fields, test.field) : body.at(test.body);
  const { is, contains } = test;
  return values.some(
    (value) =>
      (is === undefined || is.includes(value.trim())) &&
      (contains === undefined || value.toLowerCase().includes(contains)),
  );
}

/** One throttle while it is read; gathers what it could not use on the way. */
class ThrottledAnswer {
  readonly #ignored: IgnoredValue[] = [];
  readonly #sentAtMs: number;
  readonly #quotas: readonly Quota[];

  constructor(
    private readonly answer: AnswerHead,
    private readonly body: AnswerBody,
    private readonly dialect: Dialect,
  ) {
    this.#sentAtMs = sentAt(answer.fields, answer.nowMs);
    this.#quotas = quotasOf(answer.fields, dialect, this.#sentAtMs);
  }

  readBy(rule: ThrottleRule): ThrottleReading {
    const told = rule.final?.ignoresTold === true ? undefined : this.#told();
    return {
      kind: 'throttle',
      ...this.#until(told ?? this.#documented(rule)),
      grows: told === undefined && rule.grows === true,
      scope: this.#scope(rule),
      final: rule.final !== undefined,
      ignored: this.#ignored,
    };
  }

  #until(wait: Told | undefined): Pick<ThrottleFound, 'waitMs' | 'resetAtMs' | 'resolutionMs' | 'source' | 'raw'> {
    if (wait === undefined)
      return { waitMs: undefined, resetAtMs: undefined, resolutionMs: 1, source: 'none', raw: undefined };
    const { waitMs, resolutionMs, source, raw } = wait;
    return { waitMs, resetAtMs: this.answer.nowMs + waitMs, resolutionMs, source, raw: raw?.slice(0, LONGEST_SHOWN) };
  }

  #told(): Told | undefined {
    for (const source of this.dialect.waits) {
      const wait = this.#toldBy(source);
      if (wait !== undefined) return wait;
    }
    return this.#restored() ?? this.#longestReset();
  }

  /** A field that stands there twice is read twice: the longer wait counts. */
  #toldBy(source: WaitSource): Told | undefined {
    const name = 'field' in source ? source.field : source.body;
    const values = 'field' in source ? fieldLines(this.answer.fields, source.field) : this.body.at(source.body);
    let longest: Told | undefined;
    for (const raw of values) {
      const wait = readWait(raw, source.form, this.#sentAtMs);
      // A wait of nothing, or one that is over, tells nothing: the throttle itself says that now is too early.
      if (wait === undefined || wait.waitMs <= 0) this.#ignore(name, raw, source.form);
      else if (wait.waitMs > (longest?.waitMs ?? 0)) longest = { ...wait, source: name, raw };
    }
    return longest;
  }

  /** The time in which what a call of this cost lacks is restored. */
  #restored(): Told | undefined {
    const { points } = this.dialect;
    const bucket = pointsOf(this.body, this.dialect);
    const needed = points && this.body.number(points.needed);
    if (points === undefined || bucket?.perMs === undefined || needed === undefined) return undefined;
    const waitMs = ((needed - (bucket.remaining ?? 0)) / (bucket.limit ?? 1)) * bucket.perMs;
    return waitMs > 0 ? { waitMs, resolutionMs: 1, source: points.available, raw: undefined } : undefined;
  }

  #longestReset(): Told | undefined {
    let longest: Told | undefined;
    for (const { source, raw, reset, remaining, binds } of this.#quotas) {
      if (!binds || (remaining ?? 0) > 0 || raw === undefined) continue;
      if (reset === undefined || reset.waitMs <= 0) this.#ignore(source, raw, 'auto');
      else if (reset.waitMs > (longest?.waitMs ?? 0)) longest = { ...reset, source, raw };
    }
    return longest;
  }

  #documented({ waitMs, final }: ThrottleRule): Told | undefined {
    if (final !== undefined) {
      const untilReset = untilMidnight(final.resetsAtMidnightOf, this.answer.nowMs);
      return { waitMs: untilReset, resolutionMs: 1000, source: this.dialect.name, raw: undefined };
    }
    return waitMs === undefined ? undefined : { waitMs, resolutionMs: 1, source: this.dialect.name, raw: undefined };
  }

  /** Only what of several quotas is exhausted says more than the rule does. */
  #scope({ scope }: ThrottleRule): ThrottleScope | undefined {
    if (scope !== undefined) return scope;
    // The wider limits stand first.
    return this.#quotas.find(({ remaining }) => remaining === 0)?.scope;
  }

  #ignore(field: string, value: string, form: WaitSource['form']): void {
    // A sentence without a time in it is no garbled one.
    if (form !== 'sentence') this.#ignored.push({ field, value: value.slice(0, LONGEST_SHOWN) });
  }
}
