import type { Profile } from './profile.js';
import type { Window } from './windows.js';

/** The fields that tell the quota on every answer, for the window with the least left. */
export function quotaFields(
  { announce: style, announceFault: fault }: Pick<Profile, 'announce' | 'announceFault'>,
  windows: readonly Window[],
  nowMs: number,
  nowAt: number,
): string[] {
  const tightest = style === 'none' ? undefined : tightestOf(windows, nowMs);
  if (tightest === undefined) return [];
  const remaining = fault === 'remaining-stuck' ? tightest.spec.limit : tightest.remaining(nowMs);
  const resetMs = tightest.resetMs(nowMs);
  const unitMs = fault === 'reset-in-ms' ? 1 : 1000;
  if (style === 'x-ratelimit') return epochStyle(tightest.spec.limit, remaining, Math.ceil((nowAt + resetMs) / unitMs));
  const name = `"${tightest.spec.kind}"`;
  // draft-ietf-httpapi-ratelimit-headers: r is what remains, t the seconds until more is there.
  return [
    'RateLimit-Policy',
    `${name};q=${tightest.spec.limit};w=${Math.ceil(tightest.spec.perMs / 1000)}`,
    'RateLimit',
    `${name};r=${remaining};t=${Math.ceil(resetMs / unitMs)}`,
  ];
}

function tightestOf(windows: readonly Window[], nowMs: number): Window | undefined {
  return windows.toSorted((a, b) => a.remaining(nowMs) - b.remaining(nowMs))[0];
}

function epochStyle(limit: number, remaining: number, resetSeconds: number): string[] {
  return [
    'X-RateLimit-Limit',
    String(limit),
    'X-RateLimit-Remaining',
    String(remaining),
    'X-RateLimit-Reset',
    String(resetSeconds),
  ];
}
