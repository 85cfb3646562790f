import { readArgs, textOf, wholeOf } from '../rig/runner.js';

export interface Options {
  /** Of each body. */
  mib: number;
  json: string | undefined;
}

export const USAGE = `npm run bench -- streams [options]
  --mib <n>      MiB in each direction, with a length and chunked (default 1024)
  --json [file]  all figures as one JSON document, to the file or to stdout
`;

export function readOptions(args: readonly string[]): Options {
  const given = readArgs(args, ['mib']);
  return { mib: wholeOf(given, 'mib', 1_024), json: textOf(given, 'json') };
}
