// The rows of the bench in virtual time, over several seeds: seconds instead of half an hour. After a build:
// node dist/test/bench/throttle/model/table.js [rows, comma-separated] [modes] [seeds] [no: without the peer]
import { MODES, ROWS, type Mode, type RowName } from '../rows.js';
import { wantedOf } from '../bars.js';
import { playRow } from './bench-rows.js';

const rows = (process.argv[2] ?? ROWS.join(',')).split(',') as RowName[];
const modes = (process.argv[3] ?? MODES.join(',')).split(',') as Mode[];
const seeds = Number(process.argv[4] ?? 5);
const withAws = process.argv[5] !== 'no';

for (const row of rows)
  for (const mode of modes) {
    const wanted = wantedOf(row, mode);
    const aws = Array.from({ length: withAws ? seeds : 0 }, (_, i) => playRow(row, mode, 'aws', i + 1));
    const awsRate = aws.map((one) => one.throttlesPer10k);
    process.stdout.write(
      `${row} ${mode}: wanted ${wanted.share * 100} %, ${wanted.throttlesPer10k ?? '-'}/10k; aws ${awsRate.map((r, i) => `${(100 * (aws[i]?.share ?? 0)).toFixed(0)}%/${r.toFixed(0)}`).join(' ')}\n`,
    );
    for (let seed = 1; seed <= seeds; seed += 1) {
      const p = playRow(row, mode, 'penstock', seed);
      const ok =
        p.share >= wanted.share &&
        (wanted.throttlesPer10k === null || p.throttlesPer10k <= wanted.throttlesPer10k) &&
        p.violations === 0 &&
        (wanted.fewerThanAws === undefined ||
          !withAws ||
          p.throttlesPer10k * wanted.fewerThanAws <= (awsRate[seed - 1] ?? 0)) &&
        (wanted.fewestOfAll !== true || !withAws || p.throttlesPer10k <= (awsRate[seed - 1] ?? 0));
      process.stdout.write(
        `   ${ok ? 'ok  ' : 'MISS'} ${(100 * p.share).toFixed(1)} %  ${p.throttlesPer10k.toFixed(1)}/10k (${p.throttles})  v${p.violations}  warm ${p.warmUpSeconds.toFixed(0)}s  ${p.thirds.map((t) => (100 * t).toFixed(0)).join(' ')}  ${JSON.stringify(p.learned)}\n`,
      );
    }
  }
