import type { Metrics } from '#runtime';
import type { PlanFigures } from './plan.js';

/** How an upstream's budget is spent at the moment. */
export type Mode = 'targets' | 'targets-and-value' | 'value';

export interface ScheduleMetrics {
  due(upstream: string, count: number): void;
  mode(upstream: string, mode: Mode): void;
  /** Asked whenever somebody looks, until `forget`. */
  follow(upstream: string, figures: () => PlanFigures): void;
  reminded(upstream: string, verdict: string, count: number): void;
  /** How long a tick kept the process. */
  ticked(seconds: number): void;
  forget(upstream: string): void;
}

const TICK_BUCKETS_S = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1];
const MODES: readonly Mode[] = ['targets', 'targets-and-value', 'value'];

export function createScheduleMetrics(metrics: Metrics): ScheduleMetrics {
  const followed = new Map<string, () => PlanFigures>();
  const due = metrics.gauge('penstock_due', 'Resources that are due and have not had their turn', ['upstream']);
  const modes = metrics.gauge(
    'penstock_schedule_mode',
    'How turns are given: every target is kept (targets), what is left is spent by value too (targets-and-value), or targets do not fit the budget and value decides (value)',
    ['upstream', 'mode'],
  );
  const reminders = metrics.counter('penstock_reminders_total', 'Reminders, by what the broker said', [
    'upstream',
    'verdict',
  ]);
  const followAs = (name: string, help: string, of: (figures: PlanFigures) => number): void =>
    void metrics.gauge(name, help, ['upstream'], (gauge) => {
      gauge.reset();
      for (const [upstream, figures] of followed) gauge.set({ upstream }, of(figures()));
    });
  const ticks = metrics.histogram(
    'penstock_schedule_tick_seconds',
    'How long it took to give the turns of a tick',
    [],
    TICK_BUCKETS_S,
  );
  followAs('penstock_known_stale', 'Resources that are known to be stale and wait for their turn', (f) => f.knownStale);
  followAs(
    'penstock_within_target_ratio',
    'Share of the resources with a maxAge that are within it',
    (f) => f.withinTarget,
  );
  followAs(
    'penstock_next_call_worth_seconds',
    'What the next call brings by value: how long it keeps an average resource fresh that would not be; 0 while there are calls for all',
    (f) => f.threshold,
  );
  return {
    due: (upstream, count) => due.set({ upstream }, count),
    mode: (upstream, mode) => MODES.forEach((one) => modes.set({ upstream, mode: one }, one === mode ? 1 : 0)),
    follow: (upstream, figures) => void followed.set(upstream, onceATurn(figures)),
    reminded: (upstream, verdict, count) => reminders.inc({ upstream, verdict }, count),
    ticked: (seconds) => ticks.observe(seconds),
    forget: (upstream) => {
      followed.delete(upstream);
      due.remove({ upstream });
      for (const mode of MODES) modes.remove({ upstream, mode });
    },
  };
}

/** Whoever looks asks for several figures in one turn of the event loop; looking at a million resources takes milliseconds. */
function onceATurn(figures: () => PlanFigures): () => PlanFigures {
  let known: PlanFigures | undefined;
  return () => {
    if (known === undefined) setImmediate(() => (known = undefined));
    return (known ??= figures());
  };
}
