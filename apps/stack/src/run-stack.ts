import type { StackConfig } from './config.js';
import { terminalProgress, type Progress } from './progress.js';
import { Stack } from './stack.js';
import { explain } from './stack-error.js';
import { welcome } from './welcome.js';

// Under 10 s, whatever hangs.
const lastResortMs = 9_500;

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
    let told = 0;
    const tell = (why: string): void => {
      told += 1;
      if (told > 1) return void stack.kill();
      progress.step(`${why}: ending the services, then the servers`);
      setTimeout(() => process.exit(1), lastResortMs).unref();
      void stack.stop();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => tell(signal));
    if (underNpm) watchNpm(() => tell('npm has gone'));
  });
}

// npm hands signals on, except the one that it cannot see: a kill -9 of npm itself.
function watchNpm(gone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, 500);
  timer.unref();
}
