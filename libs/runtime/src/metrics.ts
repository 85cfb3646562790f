import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Metric } from 'prom-client';

/** One registry a process. Names are `penstock_…`; units are in the name or seconds. */
export interface Metrics {
  readonly registry: Registry;
  /** For Prometheus. */
  exposition(): Promise<string>;
  counter<L extends string>(name: string, help: string, labels: readonly L[]): Counter<L>;
  gauge<L extends string>(
    name: string,
    help: string,
    labels: readonly L[],
    collect?: (gauge: Gauge<L>) => void,
  ): Gauge<L>;
  histogram<L extends string>(
    name: string,
    help: string,
    labels: readonly L[],
    buckets: readonly number[],
  ): Histogram<L>;
  /** For what is counted too often to put labels together each time: its owner keeps the numbers, and tells them when somebody looks. */
  tallied(type: 'counter' | 'histogram', name: string, help: string, read: () => readonly Sample[]): void;
}

/** Of a histogram: `suffix` is `_bucket` (with the label `le`), `_sum` or `_count`. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

export function createMetrics(app: string, worker?: number): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(worker === undefined ? { app } : { app, worker: String(worker) });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    exposition: () => registry.metrics(),
    counter: (name, help, labels) => new Counter({ name, help, labelNames: [...labels], registers }),
    gauge: (name, help, labels, collect) =>
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        ...(collect === undefined
          ? {}
          : {
              collect() {
                collect(this as never);
              },
            }),
      }),
    histogram: (name, help, labels, buckets) =>
      new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
    tallied(type, name, help, read) {
      const get = (): Promise<object> =>
        Promise.resolve({ name, help, type, aggregator: 'sum', values: read().map((sample) => valueOf(name, sample)) });
      // eslint-disable-next-line house/no-double-assertion -- all that a registry asks of a metric; prom-client's type names its own classes
      registry.registerMetric({ name, get } as unknown as Metric);
    },
  };
}

function valueOf(name: string, { labels, value, suffix }: Sample): object {
  return { labels: { ...labels }, value, metricName: `${name}${suffix ?? ''}` };
}
