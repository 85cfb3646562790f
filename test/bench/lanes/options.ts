import { readArgs, textOf, wholeOf } from '../rig/runner.js';

export interface Options {
  seconds: number;
  backgroundPerSecond: number;
  seed: number;
  json: string | undefined;
}

export const USAGE = `npm run bench -- lanes [options]
  --seconds <n>     measured time of each part (default 60)
  --background <n>  background calls a second while a token is free (default 2000)
  --seed <n>        of the upstream and of the users (default 1)
  --json [file]     all figures as one JSON document, to the file or to stdout
`;

export function readOptions(args: readonly string[]): Options {
  const given = readArgs(args, ['seconds', 'background', 'seed']);
  return {
    seconds: wholeOf(given, 'seconds', 60),
    backgroundPerSecond: wholeOf(given, 'background', 2_000),
    seed: wholeOf(given, 'seed', 1),
    json: textOf(given, 'json'),
  };
}
