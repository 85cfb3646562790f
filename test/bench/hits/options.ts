import { readArgs, someOf, textOf, wholeOf } from '../rig/runner.js';

export const SYSTEMS = ['penstock', 'bare', 'fastify', 'nginx', 'varnish'] as const;
export type SystemName = (typeof SYSTEMS)[number];

export const SIZES = [500, 3500, 50_000] as const;
export type Size = (typeof SIZES)[number];

export interface Options {
  rounds: number;
  seconds: number;
  connections: number;
  systems: SystemName[];
  cold: number;
  /** cache-api leaves a CPU profile there. */
  profileDir: string | undefined;
  json: string | undefined;
}

export const USAGE = `npm run bench -- hits [options]
  --rounds <n>       of each system and size, in turns (default 3)
  --seconds <n>      of each round (default 4)
  --connections <n>  of the load generator (default 32)
  --systems <list>   some of ${SYSTEMS.join(', ')} (default all; bare always)
  --cold <n>         entries in PostgreSQL at the cold start (default 100000)
  --profile <dir>    a CPU profile of cache-api, written when it ends
  --json [file]      all figures as one JSON document, to the file or to stdout
`;

export function readOptions(args: readonly string[]): Options {
  const given = readArgs(args, ['rounds', 'seconds', 'connections', 'systems', 'cold', 'profile']);
  const systems = someOf(given, 'systems', SYSTEMS);
  return {
    rounds: wholeOf(given, 'rounds', 3),
    seconds: wholeOf(given, 'seconds', 4),
    connections: wholeOf(given, 'connections', 32),
    // What all others are measured by.
    systems: SYSTEMS.filter((name) => name === 'bare' || systems.includes(name)),
    cold: wholeOf(given, 'cold', 100_000),
    profileDir: textOf(given, 'profile'),
    json: textOf(given, 'json'),
  };
}
