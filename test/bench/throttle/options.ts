import { readArgs, someOf, textOf, wholeOf } from '../rig/runner.js';
import { MODES, ROWS, type Mode, type RowName } from './rows.js';
import { SYSTEMS, type SystemName } from './systems.js';

export interface Options {
  rows: RowName[];
  modes: Mode[];
  systems: SystemName[];
  quick: boolean;
  /** How many pairs of a row and a mode are measured at a time. */
  atOnce: number;
  seed: number;
  json: string | undefined;
}

export const USAGE = `npm run bench -- throttle [options]
  --rows <a,b>     of ${ROWS.join(', ')} (default: all)
  --modes <a,b>    of ${MODES.join(', ')} (default: both)
  --systems <a,b>  of ${SYSTEMS.join(', ')} (default: all)
  --quick          a tenth of the time: to see that it runs, not to compare
  --at-once <n>    rows that are measured at a time (default 3; the ban runs beside all others)
  --seed <n>       of the upstreams and of the peers (default 1)
  --json [file]    all figures as one JSON document, to the file or to stdout
`;

export function readOptions(args: readonly string[]): Options {
  const given = readArgs(args, ['rows', 'modes', 'systems', 'at-once', 'seed'], ['quick']);
  return {
    rows: someOf(given, 'rows', ROWS),
    modes: someOf(given, 'modes', MODES),
    systems: someOf(given, 'systems', SYSTEMS),
    quick: given['quick'] === true,
    atOnce: wholeOf(given, 'at-once', 3),
    seed: wholeOf(given, 'seed', 1),
    json: textOf(given, 'json'),
  };
}
