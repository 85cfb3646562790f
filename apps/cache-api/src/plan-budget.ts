import { tightestOf, WHOLE_UPSTREAM, windowShares } from '#core';
import type { PlannedWindow, WindowShare } from '#core';
import type { LimitsConfig, PlanBudget, UpstreamState } from '#contracts';

/** Every window that is configured, or the limit that was learned where none is; the upstream's own first. */
export function windowsOf(limits: LimitsConfig, heard: UpstreamState | undefined): WindowShare[] {
  const whole = limits.windows.length > 0 ? limits.windows : learnedWindows(heard);
  const windows: PlannedWindow[] = [
    ...whole.map(({ limit, perMs }) => ({ scope: WHOLE_UPSTREAM, limit, perMs })),
    ...limits.buckets.flatMap(({ name, windows: own }) =>
      own.map(({ limit, perMs }) => ({ scope: name, limit, perMs })),
    ),
  ];
  return windowShares(windows, limits.reserve);
}

function learnedWindows(heard: UpstreamState | undefined): { limit: number; perMs: number }[] {
  const learned = heard?.learned ?? null;
  if (learned === null) return [];
  const { limit = learned.perSecond, perMs = 1_000 } = learned;
  return [{ limit, perMs }];
}

/** What the holder tells while calls flow; while they do not, what the limits leave. */
export function budgetOf(limits: LimitsConfig, heard: UpstreamState | undefined): PlanBudget {
  if (heard?.state === 'flowing' && heard.backgroundRate > 0)
    return { callsPerSecond: heard.backgroundRate, from: 'live' };
  const tightest = tightestOf(windowsOf(limits, heard), WHOLE_UPSTREAM);
  if (tightest === undefined) return { callsPerSecond: null, from: 'unknown' };
  return {
    callsPerSecond: tightest.backgroundPerSecond,
    from: limits.windows.length > 0 ? 'configured' : 'learned',
  };
}

/** What each declared bucket lets through, in the order of the configuration. */
export function bucketBudgets(
  limits: LimitsConfig,
  windows: readonly WindowShare[],
): { name: string; callsPerSecond: number }[] {
  return limits.buckets.map(({ name }) => ({
    name,
    callsPerSecond: tightestOf(windows, name)?.backgroundPerSecond ?? Infinity,
  }));
}
