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
        [...watched].map(async ([name, isUp]) => [name, (await isUp()) ? 'up' : 'away'] as const),
      );
      return { ready: phase === 'ready', phase, dependencies: Object.fromEntries(entries) };
    },
  };
}
