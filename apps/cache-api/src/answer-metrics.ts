import type { Metrics, Sample } from '#runtime';
import type { Outcome } from './client-call.js';

export interface AnswerMetrics {
  answered(upstream: string, outcome: Outcome, tookMs: number): void;
  /** A hit took the short path. */
  early(): void;
}

/** Additions to numbers that are found by two short names: what a hit can afford. */
export function createAnswerMetrics(metrics: Metrics): AnswerMetrics {
  const counts = new Map<string, Map<Outcome, number>>();
  let early = 0;
  metrics.tallied('counter', 'penstock_early_hits_total', 'Hits answered before the parser saw the request', () => [
    { labels: {}, value: early },
  ]);
  const times = new Map<Outcome, Times>();
  metrics.tallied('counter', 'penstock_answers_total', 'Answers given to clients', () => countsOf(counts));
  metrics.tallied('histogram', 'penstock_answer_seconds', 'Time from request to answer', () =>
    [...times].flatMap(([outcome, spent]) => spent.samples(outcome)),
  );
  return {
    early: () => void (early += 1),
    answered(upstream, outcome, tookMs) {
      let byOutcome = counts.get(upstream);
      if (byOutcome === undefined) counts.set(upstream, (byOutcome = new Map<Outcome, number>()));
      byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + 1);
      let spent = times.get(outcome);
      if (spent === undefined) times.set(outcome, (spent = new Times()));
      spent.add(tookMs);
    },
  };
}

function countsOf(counts: ReadonlyMap<string, ReadonlyMap<Outcome, number>>): Sample[] {
  return [...counts].flatMap(([upstream, byOutcome]) =>
    [...byOutcome].map(([outcome, value]) => ({ labels: { upstream, outcome }, value })),
  );
}

const BOUNDS_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];

class Times {
  private readonly buckets = new Float64Array(BOUNDS_MS.length);
  private sumMs = 0;
  private count = 0;

  add(tookMs: number): void {
    let at = 0;
    while (at < BOUNDS_MS.length && tookMs > (BOUNDS_MS[at] ?? Infinity)) at += 1;
    if (at < BOUNDS_MS.length) this.buckets[at] = (this.buckets[at] ?? 0) + 1;
    this.sumMs += tookMs;
    this.count += 1;
  }

  samples(outcome: Outcome): Sample[] {
    let below = 0;
    const buckets = BOUNDS_MS.map((boundMs, at): Sample => {
      below += this.buckets[at] ?? 0;
      return { labels: { le: String(boundMs / 1000), outcome }, value: below, suffix: '_bucket' };
    });
    return [
      ...buckets,
      { labels: { le: '+Inf', outcome }, value: this.count, suffix: '_bucket' },
      { labels: { outcome }, value: this.sumMs / 1000, suffix: '_sum' },
      { labels: { outcome }, value: this.count, suffix: '_count' },
    ];
  }
}
