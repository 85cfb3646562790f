import { readArgs, someOf, textOf, wholeOf, WrongUsage } from '../rig/runner.js';
import { PEERS, type PeerName } from './systems.js';
import { WORKLOADS } from './workloads.js';

/** Each rate with all resources, each workload in some seeds, and whether all targets are kept where the quota is enough. */
export const PARTS = ['rates', ...WORKLOADS, 'target'] as const;
export type Part = (typeof PARTS)[number];

export const RATES = [5, 20, 100] as const;
export type Rate = (typeof RATES)[number];

export interface Options {
  rates: Rate[];
  workloads: Part[];
  peers: PeerName[];
  seeds: number;
  seed: number;
  quick: boolean;
  json: string | undefined;
}

export const USAGE = `npm run bench -- freshness [options]
  --rates <a,b>      of ${RATES.join(', ')}: calls/s for 6,000 resources, of the part rates (default: all)
  --workloads <a,b>  of ${PARTS.join(', ')} (default: all)
  --systems <a,b>    beside Penstock, of ${PEERS.join(', ')} (default: all)
  --seeds <n>        of each workload, side by side (default 5)
  --seed <n>         the first of them (default 1)
  --quick            20 calls/s and the target, smaller and shorter: to see that it runs, not to compare
  --json [file]      all figures as one JSON document, to the file or to stdout
`;

export function readOptions(args: readonly string[]): Options {
  const given = readArgs(args, ['rates', 'workloads', 'systems', 'seeds', 'seed'], ['quick']);
  const quick = given['quick'] === true;
  const peers = someOf(given, 'systems', ['penstock', ...PEERS]).filter((name) => name !== 'penstock');
  if (!peers.includes('round-robin'))
    throw new WrongUsage('--systems: expected round-robin among them: all bars need it');
  return {
    rates: quick && textOf(given, 'rates') === undefined ? [20] : ratesOf(given),
    workloads:
      quick && textOf(given, 'workloads') === undefined ? ['rates', 'target'] : someOf(given, 'workloads', PARTS),
    peers,
    seeds: wholeOf(given, 'seeds', 5),
    seed: wholeOf(given, 'seed', 1),
    quick,
    json: textOf(given, 'json'),
  };
}

function ratesOf(given: ReturnType<typeof readArgs>): Rate[] {
  const names = RATES.map(String);
  return someOf(given, 'rates', names).flatMap((name) => RATES.find((rate) => String(rate) === name) ?? []);
}
