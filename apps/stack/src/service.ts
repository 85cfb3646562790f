import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Child, Ending } from './child.js';
import { LogFile } from './log-file.js';
import type { Progress } from './progress.js';
import { answersOk, until } from './ready.js';
import { send } from './process-table.js';
import { StackError } from './stack-error.js';
import { Supervised } from './supervised.js';

export interface ServiceSpec {
  name: string;
  /** The script that Node runs. */
  entry: string;
  env: NodeJS.ProcessEnv;
  readyUrl: string;
  logFile: string;
}

/**
 * A call leaves a lot of short-lived objects behind. With a young generation of 16 MiB a busy dispatcher spends a fifth of its time on
 * collecting it over and over, with 64 a tenth: most of it is dead by then. The images set the same.
 */
const nodeOptions = ['--enable-source-maps', '--max-semi-space-size=64'];
const warningLevel = 40; // pino's number for warn
const keptLines = 500;

/** A service with its log: the last lines in memory, all of them in its file. */
export class Service extends Supervised {
  private constructor(
    readonly spec: ServiceSpec,
    private readonly log: ServiceLog,
    progress: Progress,
  ) {
    super(
      {
        name: spec.name,
        spawn: () => spawnService(spec, log),
        ready: (signal) => until((s) => answersOk(spec.readyUrl, s), signal),
        lastWords: () => log.tail(15),
        graceMs: 5_000,
      },
      progress,
    );
  }

  static of(spec: ServiceSpec, progress: Progress): Service {
    return new Service(spec, new ServiceLog(spec, progress), progress);
  }

  logs(): string[] {
    return this.log.recent;
  }

  closeLog(): Promise<void> {
    return this.log.file.close();
  }
}

class ServiceLog {
  readonly recent: string[] = [];
  readonly file: LogFile;

  constructor(
    private readonly spec: ServiceSpec,
    private readonly progress: Progress,
  ) {
    this.file = new LogFile(spec.logFile);
  }

  take(line: string, from: 'stdout' | 'stderr'): void {
    this.file.write(line);
    this.recent.push(line);
    if (this.recent.length > keptLines) this.recent.shift();
    if (isLoud(line, from)) this.progress.warn(`${this.spec.name}: ${line}`);
  }

  tail(count: number): string {
    return this.recent
      .slice(-count)
      .map((line) => `    ${line}`)
      .join('\n');
  }
}

/** Warnings and errors are for the person at the terminal; so is what is no JSON on stderr: a crash before there was a logger. */
export function isLoud(line: string, from: 'stdout' | 'stderr'): boolean {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && 'level' in entry && Number(entry.level) >= warningLevel;
  } catch {
    return from === 'stderr';
  }
}

function spawnService(spec: ServiceSpec, log: ServiceLog): Promise<Child> {
  // A group of its own: Ctrl-C reaches the launcher alone, which ends things in the right order.
  const child = spawn(process.execPath, [...nodeOptions, spec.entry], {
    env: { ...spec.env, PENSTOCK_PARENT: 'stdin' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdin.on('error', () => undefined); // it ended before its stdin did
  follow(child.stdout, (line) => log.take(line, 'stdout'));
  follow(child.stderr, (line) => log.take(line, 'stderr'));
  const ended = new Promise<Ending>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  // Workers that outlive their first process would keep its port and hold our end of its output open.
  child.once('exit', () => child.pid && send('SIGKILL', -child.pid));
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(cannotSpawn(spec, error)));
    child.once('spawn', () => {
      const pid = child.pid ?? 0;
      resolve({ pid, ended, askToEnd: () => send('SIGTERM', pid), kill: () => send('SIGKILL', -pid) });
    });
  });
}

function follow(stream: Readable, take: (line: string) => void): void {
  stream.on('error', () => undefined);
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', take);
}

function cannotSpawn({ name, entry }: ServiceSpec, error: Error): StackError {
  return new StackError(
    'service',
    `expected to start ${name} (${entry}), found: ${error.message}`,
    'run `npm run build`, then start again',
    error,
  );
}
