/** A running process as the supervisor sees it. */
export interface Child {
  pid: number;
  ended: Promise<Ending>;
  /** Politely: it finishes what it has begun. */
  askToEnd(): void;
  /** At once. */
  kill(): void;
}

export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export function describeEnding({ code, signal }: Ending): string {
  return signal ? `killed by ${signal}` : `exit code ${code}`;
}
