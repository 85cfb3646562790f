import type { CellOutcome, HeatOutcome } from './run.js';
import type { Mode, RowName } from './rows.js';
import type { Tally } from './tally.js';

export interface Bar {
  text: string;
  met: boolean;
}

interface Wanted {
  share: number;
  throttlesPer10k: number | null;
  /** How many times fewer throttles than the AWS-adaptive limiter. */
  fewerThanAws?: number;
  /** Fewer throttles than anybody, however little of the quota that one uses. */
  fewestOfAll?: true;
}

/** The machine must have had room left, or nobody's timing means anything. */
export const BUSY_LIMIT = 0.7;

export function wantedOf(row: RowName, mode: Mode): Wanted {
  if (row === 'ban') return { share: 0.8, throttlesPer10k: null };
  if (row === 'changing') return { share: 0.8, throttlesPer10k: null, fewestOfAll: true };
  if (mode === 'configured') return { share: 0.95, throttlesPer10k: 1 };
  switch (row) {
    case 'stuck-remaining':
    case 'reset-in-ms':
      return { share: 0.8, throttlesPer10k: null, fewestOfAll: true };
    case 'bucket':
    case 'sliding':
    case 'http-date':
      return { share: 0.9, throttlesPer10k: 2 };
    case 'fixed-silent':
      return { share: 0.9, throttlesPer10k: null, fewerThanAws: 5 };
    case 'fixed-headers':
    case 'github':
      return { share: 0.95, throttlesPer10k: 1 };
  }
}

export function barsOf({ heat, cells, busyShare }: HeatOutcome): Bar[] {
  const ours = tallyIn(cells.find(({ cell }) => cell.system === 'penstock')?.outcome);
  const room = busyShare === null ? [] : [{ text: 'the machine had room left', met: busyShare <= BUSY_LIMIT }];
  if (ours === undefined) return room;
  const wanted = wantedOf(heat.row.name, heat.mode);
  const peers = cells.flatMap(({ cell, outcome }) => {
    const tally = cell.system === 'penstock' ? undefined : tallyIn(outcome);
    return tally === undefined ? [] : [{ system: cell.system, tally }];
  });
  const aws = peers.find(({ system }) => system === 'aws-adaptive')?.tally;
  return [
    { text: 'no violation', met: ours.violations === 0 },
    { text: `at least ${wanted.share * 100} % of the quota`, met: ours.share >= wanted.share },
    ...(wanted.throttlesPer10k === null ? [] : [throttleBar(ours, wanted.throttlesPer10k)]),
    ...(wanted.fewerThanAws === undefined || aws === undefined ? [] : [fewerBar(ours, aws, wanted.fewerThanAws)]),
    ...peers.map(({ system, tally }) => ({
      text: `not behind ${system}`,
      met: isNotBehind(ours, tally, wanted.share),
    })),
    ...(wanted.fewestOfAll ? [fewestBar(ours, peers)] : []),
    ...room,
  ];
}

function tallyIn(outcome: CellOutcome | undefined): Tally | undefined {
  return outcome?.kind === 'measured' ? outcome.tally : undefined;
}

function throttleBar(ours: Tally, most: number): Bar {
  return { text: `at most ${most} throttles per 10,000`, met: ours.throttlesPer10k <= most };
}

function fewerBar(ours: Tally, aws: Tally, times: number): Bar {
  return {
    text: `${times} times fewer throttles than aws-adaptive`,
    met: ours.throttlesPer10k * times <= aws.throttlesPer10k,
  };
}

function fewestBar(ours: Tally, peers: readonly { tally: Tally }[]): Bar {
  const met = peers.every(({ tally }) => ours.throttlesPer10k <= tally.throttlesPer10k);
  return { text: 'fewest throttles of all', met };
}

/**
 * A peer that falls short of the wanted share, or violates, has not run the same race. Of the others none has fewer
 * throttles, beyond the spread of the rounds of both.
 */
export function isNotBehind(ours: Tally, peer: Tally, share: number): boolean {
  if (peer.violations > 0 || peer.share < share) return true;
  const spread = Math.max(spreadOf(ours), spreadOf(peer));
  return ours.throttlesPer10k <= peer.throttlesPer10k + spread;
}

function spreadOf({ rounds }: Tally): number {
  const values = rounds.map(({ throttlesPer10k }) => throttlesPer10k);
  return values.length === 0 ? 0 : Math.max(...values) - Math.min(...values);
}
