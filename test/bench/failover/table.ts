import { CONCURRENCY, LIMIT, type Deed, type Recovery, type Round } from './rounds.js';
import { quantile } from './verdict.js';

const HEADINGS = [
  '',
  'rounds',
  'first p50',
  'p90',
  'max',
  'never',
  '/s',
  'closest',
  'in flight',
  'over',
  'woke',
  'viol.',
];

/** For people: one line for each deed, and one for each emptied NATS. */
export function tableOf(rounds: readonly Round[], recoveries: readonly Recovery[]): string {
  const deeds: readonly Deed[] = ['kill -9', 'SIGSTOP'];
  const lines = [
    ...deeds.map((deed) =>
      lineOf(
        deed,
        rounds.filter((round) => round.deed === deed),
      ),
    ),
    lineOf('all', rounds),
  ];
  const emptied = recoveries.map(
    ({ nextCallMs, mostInWindow, mostInFlight, violations }) =>
      `NATS on an empty store: next call ${Math.round(nextCallMs)} ms after it was back, ${mostInWindow}/s, ${mostInFlight} in flight, ${violations} violations`,
  );
  return [
    '',
    `limit ${LIMIT} in any second, concurrency ${CONCURRENCY}; times in ms from the deed to the first call of the next holder`,
    row(HEADINGS),
    ...lines.map(row),
    `closest: the shortest time in which ${LIMIT + 1} calls arrived; the upstream's own stamps were at most ${most(rounds, 'latenessMs')} ms late`,
    `users were told ${JSON.stringify(toldTo(rounds))}; the longest wait was ${most(rounds, 'longestWaitMs')} ms`,
    ...emptied,
    '',
  ].join('\n');
}

function lineOf(name: string, rounds: readonly Round[]): string[] {
  const firsts = rounds.flatMap(({ firstCallMs }) => (firstCallMs === null ? [] : [firstCallMs]));
  const count = (is: (round: Round) => boolean): string => String(rounds.filter(is).length);
  return [
    name,
    String(rounds.length),
    ...[0.5, 0.9, 1].map((share) => String(Math.round(quantile(firsts, share)))),
    count(({ firstCallMs }) => firstCallMs === null),
    most(rounds, 'mostInWindow'),
    String(Math.round(Math.min(...rounds.map(({ closestMs }) => closestMs)))),
    most(rounds, 'mostInFlight'),
    count(({ exceeded }) => exceeded),
    count(({ lateSender }) => lateSender),
    String(rounds.reduce((sum, { violations }) => sum + violations, 0)),
  ];
}

function most(
  rounds: readonly Round[],
  what: 'latenessMs' | 'longestWaitMs' | 'mostInWindow' | 'mostInFlight',
): string {
  return String(Math.round(Math.max(...rounds.map((round) => round[what]))));
}

function toldTo(rounds: readonly Round[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { told } of rounds)
    for (const [status, count] of Object.entries(told)) sum[status] = (sum[status] ?? 0) + count;
  return sum;
}

const row = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(9) : cell.padStart(11))).join('');
