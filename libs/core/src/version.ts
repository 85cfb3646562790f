/** The call that something came from: the holder's fence, and the number of the send under it. No clock is compared. */
export interface Version {
  readonly fence: number;
  readonly send: number;
}

/** Negative when `a` is older, 0 when they are the same call. */
export function compareVersions(a: Version, b: Version): number {
  return a.fence - b.fence || a.send - b.send;
}

/** Whether a mark of a write, set at `mark`, makes what came from `version` invalid. */
export function isAtOrBelow(version: Version, mark: Version): boolean {
  return compareVersions(version, mark) <= 0;
}
