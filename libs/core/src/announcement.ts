/** One quota as an answer's fields tell it. Absent parts are undefined, never guessed. */
export interface QuotaReading {
  /** The vendor's name for it, or the field that told it: readings of one name follow each other. */
  readonly name: string;
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  /** On our clock. */
  readonly resetAtMs: number | undefined;
  /** 1000: cut off by up to a second. */
  readonly resolutionMs: 1 | 1000;
  /** The length of the window, where the fields say it. */
  readonly perMs: number | undefined;
}

/** One window that the upstream declares (RateLimit-Policy): it configures itself. */
export interface DeclaredWindow {
  readonly name: string;
  readonly limit: number;
  readonly perMs: number;
}

/**
 * All that one answer, throttled or not, said about limits.
 * Source: draft-ietf-httpapi-ratelimit-headers-10 (RateLimit, RateLimit-Policy) and the X- families of the dialects.
 */
export interface Announcement {
  readonly quotas: readonly QuotaReading[];
  readonly windows: readonly DeclaredWindow[];
  /** Calls that may be under way at once, where the fields say it. */
  readonly concurrency: number | undefined;
  /** What this call did cost, where the vendor charges by cost; undefined: one. */
  readonly cost: number | undefined;
}
