import type { Metrics } from '#runtime';

export interface ScheduleMetrics {
  due(upstream: string, count: number): void;
  reminded(upstream: string, verdict: string, count: number): void;
  forget(upstream: string): void;
}

export function createScheduleMetrics(metrics: Metrics): ScheduleMetrics {
  const due = metrics.gauge('penstock_due', 'Resources that are due and have not had their turn', ['upstream']);
  const reminders = metrics.counter('penstock_reminders_total', 'Reminders, by what the broker said', [
    'upstream',
    'verdict',
  ]);
  return {
    due: (upstream, count) => due.set({ upstream }, count),
    reminded: (upstream, verdict, count) => reminders.inc({ upstream, verdict }, count),
    forget: (upstream) => due.remove({ upstream }),
  };
}
