/** One window of a limit, of the whole upstream or of one of its buckets. */
export interface PlannedWindow {
  /** `upstream`, or the name of the bucket. */
  readonly scope: string;
  readonly limit: number;
  readonly perMs: number;
}

export interface WindowShare extends PlannedWindow {
  /** Calls per second that it lets through in the long run. */
  readonly perSecond: number;
  /** What the reserve of lane now leaves of that to the background, at least. */
  readonly backgroundPerSecond: number;
}

/** A scope and its tightest window, which is the one to ask the vendor to raise. */
export interface TightestWindow extends WindowShare {
  /** Of the scope's others the next one: what raising the first alone can give. Null: there is no other. */
  readonly nextPerSecond: number | null;
}

/** @param reserve share of each window that is kept for lane now, from 0 to 1 */
export function windowShares(windows: readonly PlannedWindow[], reserve: number): WindowShare[] {
  return windows.map((window) => {
    const perSecond = (window.limit * 1000) / window.perMs;
    return { ...window, perSecond, backgroundPerSecond: perSecond * (1 - reserve) };
  });
}

/** Undefined: the scope has no window. */
export function tightestOf(windows: readonly WindowShare[], scope: string): TightestWindow | undefined {
  const own = windows.filter((window) => window.scope === scope);
  own.sort((a, b) => a.backgroundPerSecond - b.backgroundPerSecond);
  const [first, next] = own;
  return first && { ...first, nextPerSecond: next?.backgroundPerSecond ?? null };
}
