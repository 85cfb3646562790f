/** What one field's value means. `auto`: a number by its size, else HTTP-date, ISO 8601, Go duration. */
export type WaitForm = 'retry-after' | 'delta-seconds' | 'auto';

export interface ThrottleRule {
  readonly status: number;
  /** All of these must hold; none: the status alone is a throttle. */
  readonly when?: readonly FieldTest[];
}

export interface FieldTest {
  readonly field: string;
  /** The whole trimmed value; absent: the field needs to be there only. */
  readonly is?: string;
}

/** One quota: its reset counts only while its own remaining is 0 or absent. */
export interface QuotaFields {
  readonly limit?: string;
  readonly remaining?: string;
  readonly reset: string;
  readonly form: WaitForm;
}

/** How one vendor says "too many". Plain data: a preset needs no code. */
export interface Dialect {
  readonly name: string;
  /** Any one of them makes an answer a throttle. */
  readonly throttles: readonly ThrottleRule[];
  /** Fields that tell the wait itself, best first: the first valid one wins over every reset. */
  readonly waits: readonly { readonly field: string; readonly form: WaitForm }[];
  /** Of several exhausted quotas the longest counts. */
  readonly quotas: readonly QuotaFields[];
  /** Where no field tells a wait, the vendor's documentation does. */
  readonly waitWithoutFieldsMs?: number;
}
