/** One round of one system. */
export interface Round {
  refreshes: number;
  /** From the first call at the upstream to the last commit. */
  elapsedMs: number;
  cpuSeconds: Record<string, number>;
}

export interface Summary {
  /** Of the median round. */
  perSecond: number;
  elapsedMs: number;
  rounds: number[];
  /** Microseconds for each refresh, by program, of all rounds together. */
  cpuMicros: Record<string, number>;
}

export function summaryOf(rounds: readonly Round[]): Summary {
  const middle = rounds.toSorted((a, b) => rateOf(a) - rateOf(b))[Math.floor((rounds.length - 1) / 2)];
  const refreshes = rounds.reduce((sum, round) => sum + round.refreshes, 0);
  const names = [...new Set(rounds.flatMap(({ cpuSeconds }) => Object.keys(cpuSeconds)))];
  const micros = (name: string): number =>
    (rounds.reduce((sum, { cpuSeconds }) => sum + (cpuSeconds[name] ?? 0), 0) * 1e6) / Math.max(1, refreshes);
  return {
    perSecond: middle === undefined ? 0 : rateOf(middle),
    elapsedMs: middle?.elapsedMs ?? 0,
    rounds: rounds.map(rateOf),
    cpuMicros: Object.fromEntries(names.map((name) => [name, micros(name)])),
  };
}

function rateOf({ refreshes, elapsedMs }: Round): number {
  return (refreshes / elapsedMs) * 1000;
}

/** 20,000 in 6 s. */
export const WANTED_PER_SECOND = 20_000 / 6;
const NEAR_SHARE = 0.75;
const TIMES_THE_CHAIN = 2;

export function barsOf(penstock: Summary, chain: Summary | undefined): { text: string; met: boolean }[] {
  return [
    {
      text: `20,000 refreshes in 6 s (${Math.round(WANTED_PER_SECOND)}/s)`,
      met: penstock.perSecond >= WANTED_PER_SECOND,
    },
    { text: 'at least 0.75 of that rate', met: penstock.perSecond >= NEAR_SHARE * WANTED_PER_SECOND },
    ...(chain === undefined
      ? []
      : [{ text: 'twice the BullMQ chain', met: penstock.perSecond >= TIMES_THE_CHAIN * chain.perSecond }]),
  ];
}
