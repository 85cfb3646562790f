/** Whether this process may get work, and how the servers behind it are. */
export interface Health {
  started(): void;
  stopping(): void;
  /** Not a condition of readiness: a lost NATS must not take hits out of rotation. */
  watch(name: string, isUp: () => boolean | Promise<boolean>): void;
  report(): Promise<HealthReport>;
}

export interface HealthReport {
  readonly ready: boolean;
  readonly phase: 'starting' | 'ready' | 'stopping';
  readonly dependencies: Readonly<Record<string, 'up' | 'away'>>;
}

/** A probe has to be answered, also when the server behind a check has gone silent. */
const LONGEST_CHECK_MS = 1_000;

export function createHealth(): Health {
  let phase: HealthReport['phase'] = 'starting';
  const watched = new Map<string, () => boolean | Promise<boolean>>();
  return {
    started: () => {
      if (phase === 'starting') phase = 'ready';
    },
    stopping: () => {
      phase = 'stopping';
    },
    watch: (name, isUp) => void watched.set(name, isUp),
    async report() {
      const entries = await Promise.all(
        [...watched].map(async ([name, isUp]) => [name, (await answersInTime(isUp)) ? 'up' : 'away'] as const),
      );
      return { ready: phase === 'ready', phase, dependencies: Object.fromEntries(entries) };
    },
  };
}

/** What cannot say that it is up, or takes too long to, is away. */
async function answersInTime(isUp: () => boolean | Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), LONGEST_CHECK_MS);
  });
  try {
    return await Promise.race([isUp(), tooLate]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
