import type { Announcement } from './announcement.js';

/** The tightest quota that an answer's fields told. */
export interface AnnouncedRate {
  readonly remaining: number;
  readonly resetAtMs: number;
  readonly limit: number | undefined;
}

/** The same in the form that tells everything. */
export function asAnnouncement(rate: AnnouncedRate | undefined): Announcement | undefined {
  if (rate === undefined) return undefined;
  const quota = { name: 'tightest', resolutionMs: 1000, perMs: undefined, ...rate } as const;
  return { quotas: [quota], windows: [], concurrency: undefined, cost: undefined };
}
