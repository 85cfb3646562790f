import { readArgs, textOf, wholeOf } from '../rig/runner.js';

export interface Options {
  refreshes: number;
  rounds: number;
  concurrency: number;
  chain: boolean;
  /** Each service leaves a CPU profile there when it ends. */
  profileDir: string | undefined;
  json: string | undefined;
}

export const USAGE = `npm run bench -- pipeline [options]
  --refreshes <n>    how many resources, each refreshed once a round (default 20000)
  --rounds <n>       of each system, in turns (default 3)
  --concurrency <n>  calls in flight, of both (default 64)
  --no-chain         Penstock alone
  --profile <dir>    CPU profiles of Penstock's services, written when they end
  --json [file]      all figures as one JSON document, to the file or to stdout
`;

export function readOptions(args: readonly string[]): Options {
  const given = readArgs(args, ['refreshes', 'rounds', 'concurrency', 'profile'], ['no-chain']);
  return {
    refreshes: wholeOf(given, 'refreshes', 20_000),
    rounds: wholeOf(given, 'rounds', 3),
    concurrency: wholeOf(given, 'concurrency', 64),
    chain: given['no-chain'] !== true,
    profileDir: textOf(given, 'profile'),
    json: textOf(given, 'json'),
  };
}
