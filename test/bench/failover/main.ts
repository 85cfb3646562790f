import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { startNats, startPostgres } from '../../support/real-servers.js';
import { FailoverStage, type Deed, type Recovery, type Round } from './rounds.js';
import { tableOf } from './table.js';
import { quantile } from './verdict.js';

const USAGE = `npm run bench -- failover [options]
  --rounds <n>     kills of the holder, kill -9 and SIGSTOP by turns (default 50)
  --json [file]    all figures as one JSON document, to the file or to stdout
`;
const EMPTY_NATS_EVERY = 12;
/** The first call of the next holder, in the median. */
const BAR_MS = 4_000;

interface Options {
  readonly rounds: number;
  readonly json: string | true | undefined;
}

function readOptions(args: readonly string[]): Options | undefined {
  const valueOf = (name: string): string | true | undefined => {
    const i = args.indexOf(name);
    if (i < 0) return undefined;
    const next = args[i + 1];
    return next === undefined || next.startsWith('--') ? true : next;
  };
  const rounds = Number(valueOf('--rounds') ?? 50);
  return Number.isInteger(rounds) && rounds > 0 ? { rounds, json: valueOf('--json') } : undefined;
}

const say = (line: string): void =>
  void process.stderr.write(`${(performance.now() / 1000).toFixed(1).padStart(6)}s ${line}\n`);

async function play(rounds: number): Promise<{ rounds: Round[]; recoveries: Recovery[] }> {
  const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  const namespace = `b${randomBytes(4).toString('hex')}`;
  try {
    const stage = await FailoverStage.open({ nats, postgresUrl: postgres.url, namespace });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        stage.wake();
        process.exit(130);
      });
    }
    try {
      return await playOn(stage, rounds);
    } finally {
      await stage.close();
    }
  } finally {
    await Promise.all([nats.stop(), postgres.stop()]);
  }
}

async function playOn(stage: FailoverStage, wanted: number): Promise<{ rounds: Round[]; recoveries: Recovery[] }> {
  const [rounds, recoveries]: [Round[], Recovery[]] = [[], []];
  for (let n = 1; n <= wanted; n += 1) {
    const deed: Deed = n % 2 === 1 ? 'kill -9' : 'SIGSTOP';
    const round = await stage.round(deed);
    rounds.push(round);
    const first = round.firstCallMs === null ? 'never' : `${Math.round(round.firstCallMs)} ms`;
    say(`${n} of ${wanted}: ${deed} of ${round.holder}; next call ${first}${round.exceeded ? '; EXCEEDED' : ''}`);
    if (n % EMPTY_NATS_EVERY !== 0) continue;
    const recovery = await stage.emptyNats();
    recoveries.push(recovery);
    say(`NATS restarted on an empty store; next call ${Math.round(recovery.nextCallMs)} ms after it was back`);
  }
  return { rounds, recoveries };
}

function isPassed(rounds: readonly Round[], recoveries: readonly Recovery[]): boolean {
  const median = quantile(
    rounds.map(({ firstCallMs }) => firstCallMs ?? Infinity),
    0.5,
  );
  const isClean = rounds.every(({ exceeded, violations, lateSender }) => !exceeded && violations === 0 && !lateSender);
  return median <= BAR_MS && isClean && recoveries.every(({ violations }) => violations === 0);
}

async function main(options: Options): Promise<number> {
  const startedAt = new Date().toISOString();
  const { rounds, recoveries } = await play(options.rounds);
  const passed = isPassed(rounds, recoveries);
  process[options.json === true ? 'stderr' : 'stdout'].write(tableOf(rounds, recoveries));
  const machine = { cores: cpus().length, model: cpus()[0]?.model, loadAverage: loadavg()[0], node: process.version };
  const text = `${JSON.stringify({ bench: 'failover', startedAt, machine, passed, rounds, recoveries }, null, 2)}\n`;
  if (options.json === true) process.stdout.write(text);
  else if (options.json !== undefined) writeFileSync(options.json, text);
  return passed ? 0 : 1;
}

const options = readOptions(process.argv.slice(2));
if (options === undefined) process.stderr.write(USAGE);
process.exitCode = options === undefined ? 2 : await main(options);
