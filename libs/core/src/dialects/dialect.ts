/**
 * How one vendor says "too many": plain data, so that a preset needs no code. Field names in lower case. A body path is keys joined by
 * dots, `*` every member of an array or object: `errors.*.extensions.code`; the empty path is the whole body as text.
 */
export interface Dialect {
  readonly name: string;
  /** The first rule that holds makes an answer a throttle, and says what kind of one: the narrower ones stand first. */
  readonly throttles: readonly ThrottleRule[];
  /** What tells the wait itself, best first: the first valid one wins over every reset. */
  readonly waits: readonly WaitSource[];
  /** Of several exhausted quotas the longest reset counts. */
  readonly quotas: readonly QuotaFields[];
  /** Windows that the answers declare. */
  readonly windows?: readonly WindowFields[];
  /** Fields in the form of RateLimit; each may have a `-policy` beside it. Absent: ratelimit. */
  readonly structured?: readonly string[];
  /** Quotas that are written into one value each. */
  readonly compounds?: readonly CompoundField[];
  /** A bucket of points in the body, from which each call takes its cost. */
  readonly points?: PointsBucket;
}

/**
 * What one value means. `seconds`, `milliseconds`: from now, with a fraction or without. `epoch-seconds`, `epoch-milliseconds`: a point in
 * time. `retry-after`: a number by its size, or an HTTP-date. `auto`: that, or ISO 8601, a Go duration, a JavaScript Date as text.
 * `sentence`: an ISO time somewhere in a text.
 */
export type WaitForm =
  'seconds' | 'milliseconds' | 'epoch-seconds' | 'epoch-milliseconds' | 'retry-after' | 'auto' | 'sentence';

/** What one limit covers, as the vendor says. */
export type ThrottleScope = 'upstream' | 'bucket' | 'credential';

export interface ThrottleRule {
  readonly status: number;
  /** All of these must hold; none: the status alone is a throttle. */
  readonly when?: readonly ThrottleTest[];
  /** Absent: not said. */
  readonly scope?: ThrottleScope;
  /** Where the answer tells no wait: what the vendor's documentation says. */
  readonly waitMs?: number;
  /** The documented wait doubles with each throttle in a row. */
  readonly grows?: true;
  /** Waiting a little does not help: the quota of the day, or the account's money, is spent. */
  readonly final?: {
    /** The time zone at whose midnight the quota begins anew. */
    readonly resetsAtMidnightOf: string;
    /** What the answer tells of waits concerns another limit than this one. */
    readonly ignoresTold?: true;
  };
}

/** Neither `is` nor `contains`: it needs to be there only. */
interface Expected {
  /** The whole trimmed value, one of these. */
  readonly is?: readonly string[];
  /** In any case; in lower case here. */
  readonly contains?: string;
}

export type ThrottleTest = (Expected & { readonly field: string }) | (Expected & { readonly body: string });

export type WaitSource = { readonly form: WaitForm } & ({ readonly field: string } | { readonly body: string });

/** One quota: its reset counts only while its own remaining is 0 or absent. */
export interface QuotaFields {
  readonly limit?: string;
  readonly remaining?: string;
  readonly reset?: string;
  /** Of the reset. */
  readonly form?: WaitForm;
  /** The length of the window, where the vendor's documentation says it. */
  readonly perMs?: number;
  /** Its numbers count something else than calls, so that only their end concerns a call. */
  readonly counts?: 'tokens';
  /** What an exhausted one covers. */
  readonly scope?: ThrottleScope;
}

/** `per`: the field that tells the length, and how many ms one of its units is; or the length by documentation. */
export interface WindowFields {
  readonly limit: string;
  readonly per: { readonly field: string; readonly unitMs: number } | number;
}

export type CompoundField =
  /** `32/40`, or with a parameter `api-usage=113/5000000`: used and limit. A bucket that leaks from full to empty in `perMs`, or a window. */
  | {
      readonly shape: 'used/limit';
      readonly field: string;
      readonly parameter?: string;
      readonly perMs: number;
      readonly leaks: boolean;
    }
  /** `total=100; remaining=99; resets=41` in every field whose name begins so; resets in seconds. */
  | {
      readonly shape: 'parameters';
      readonly fieldPrefix: string;
      readonly limit: string;
      readonly remaining: string;
      readonly reset: string;
      /** What an exhausted one covers. */
      readonly scope?: ThrottleScope;
    };

export interface PointsBucket {
  readonly needed: string;
  readonly spent: string;
  readonly limit: string;
  readonly available: string;
  readonly restoredPerSecond: string;
}
