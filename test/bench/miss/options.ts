import { readArgs, textOf, WrongUsage, wholeOf } from '../rig/runner.js';

export interface Options {
  /** Calls a second, one part of the bench each. */
  rates: number[];
  seconds: number;
  rounds: number;
  herds: number;
  clients: number;
  seed: number;
  /** Each service leaves a CPU profile there when it ends. */
  profileDir: string | undefined;
  json: string | undefined;
}

export const USAGE = `npm run bench -- miss [options]
  --rates <n,...>  misses a second, one part each (default 100,300)
  --seconds <n>    of each round (default 20)
  --rounds <n>     of each system at each rate, in turns (default 3)
  --herds <n>      how often a herd comes (default 5)
  --clients <n>    in one herd (default 1000)
  --seed <n>       of the arrivals (default 1)
  --profile <dir>  CPU profiles of Penstock's services, written when they end
  --json [file]    all figures as one JSON document, to the file or to stdout
`;

export function readOptions(args: readonly string[]): Options {
  const given = readArgs(args, ['rates', 'seconds', 'rounds', 'herds', 'clients', 'seed', 'profile']);
  return {
    rates: ratesOf(textOf(given, 'rates') ?? '100,300'),
    seconds: wholeOf(given, 'seconds', 20),
    rounds: wholeOf(given, 'rounds', 3),
    herds: wholeOf(given, 'herds', 5),
    clients: wholeOf(given, 'clients', 1_000),
    seed: wholeOf(given, 'seed', 1),
    profileDir: textOf(given, 'profile'),
    json: textOf(given, 'json'),
  };
}

function ratesOf(text: string): number[] {
  return text.split(',').map((one) => {
    if (/^[1-9]\d{0,4}$/.test(one)) return Number(one);
    throw new WrongUsage(`--rates: expected whole numbers with commas, found "${text}"`);
  });
}
