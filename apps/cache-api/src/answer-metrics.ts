import type { Metrics } from '#runtime';
import type { Outcome } from './client-call.js';

export interface AnswerMetrics {
  answered(upstream: string, outcome: Outcome, tookMs: number): void;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createAnswerMetrics(metrics: Metrics): AnswerMetrics {
  const answers = metrics.counter('penstock_answers_total', 'Answers given to clients', ['upstream', 'outcome']);
  const seconds = metrics.histogram('penstock_answer_seconds', 'Time from request to answer', ['outcome'], SECONDS);
  return {
    answered(upstream, outcome, tookMs) {
      answers.inc({ upstream, outcome });
      seconds.observe({ outcome }, tookMs / 1000);
    },
  };
}
