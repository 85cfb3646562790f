import type { StackConfig } from './config.js';
import { commandOf, parentOf } from './process-table.js';
import { terminalProgress, type Progress } from './progress.js';
import { Stack } from './stack.js';
import { explain } from './stack-error.js';
import { welcome } from './welcome.js';

// Under 10 s, whatever hangs.
const lastResortMs = 9_500;
const secondAfterMs = 500;

/** `npm start`: runs until it is told to end. Resolves with the exit code. */
export async function runStack(configure: () => StackConfig, entryOf?: (app: string) => string): Promise<number> {
  try {
    return await runUntilTold(configure(), entryOf);
  } catch (error) {
    process.stderr.write(`\nPenstock did not start: ${explain(error)}\n`);
    return 1;
  }
}

async function runUntilTold(config: StackConfig, entryOf?: (app: string) => string): Promise<number> {
  const progress = terminalProgress();
  const stack = new Stack(config, progress, entryOf);
  const told = whenTold(stack, progress, config.underNpm);
  const urls = await Promise.race([stack.start(), told.then(() => undefined)]);
  if (urls) process.stdout.write(welcome(config, urls));
  await told;
  await stack.stop();
  progress.step('everything has ended');
  return 0;
}

function whenTold(stack: Stack, progress: Progress, underNpm: boolean): Promise<void> {
  return new Promise((resolve) => {
    let toldAtMs: number | undefined;
    const tell = (why: string): void => {
      const now = performance.now();
      // Ctrl-C reaches us and npm alike, and npm's end comes on top: only a person's second one means "at once".
      if (toldAtMs !== undefined) return void (why === 'SIGINT' && now - toldAtMs > secondAfterMs && stack.kill());
      toldAtMs = now;
      progress.step(`${why}: ending the services, then the servers`);
      setTimeout(() => process.exit(1), lastResortMs).unref();
      void stack.stop();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => tell(signal));
    if (underNpm) watchNpm(() => tell('npm has gone'));
  });
}

/**
 * npm ends its shell at a SIGTERM, not what runs in it; and a kill -9 of npm reaches neither. Either way we are told nothing:
 * our line up to npm changes, that is all.
 */
function watchNpm(gone: () => void): void {
  const line = lineToNpm();
  const timer = setInterval(() => {
    if (line.every((pid, i) => parentOf(line[i - 1]) === pid)) return;
    clearInterval(timer);
    gone();
  }, 250);
  timer.unref();
}

/** Our parent, its parent, ... up to npm. */
function lineToNpm(): number[] {
  const line: number[] = [];
  for (let pid = parentOf(); pid > 1 && line.length < 4; pid = parentOf(pid)) {
    line.push(pid);
    if (/\bnpm\b/.test(commandOf(pid))) return line;
  }
  return line.slice(0, 1);
}
