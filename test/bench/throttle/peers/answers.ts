/** What a peer reads of an answer: the same careful reading for all of them. */
export type Outcome = { kind: 'answered' } | { kind: 'throttled'; waitMs: number | null };

export interface Head {
  status: number;
  field(name: string): string | undefined;
}

export function outcomeOf({ status, field }: Head, nowAt: number): Outcome {
  const exhausted = status === 403 && field('x-ratelimit-remaining') === '0';
  if (status !== 429 && !exhausted) return { kind: 'answered' };
  const after = field('retry-after');
  if (after !== undefined) return { kind: 'throttled', waitMs: waitOf(after, nowAt) };
  const reset = Number(field('x-ratelimit-reset') ?? NaN);
  const resetMs = reset * 1000 - nowAt;
  return { kind: 'throttled', waitMs: exhausted && Number.isFinite(resetMs) ? Math.max(0, resetMs) : null };
}

function waitOf(text: string, nowAt: number): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowAt);
}

/** Where the upstream says nothing. */
export const UNSAID_WAIT_MS = 1_000;
