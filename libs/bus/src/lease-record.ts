/** What stands in a lease's key, for the holder's rivals and for those who ask the holder. */
export interface LeaseRecord {
  readonly holder: string;
  /** One keeper of one process: a restart under the same name is somebody else. */
  readonly session: string;
  /** Null while the holder settles in: it must first know a fence above all that went before. */
  readonly fence: number | null;
  /** RFC 3339, UTC: for people; nothing is computed from it. */
  readonly at: string;
}
