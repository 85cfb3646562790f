import { setTimeout as sleep } from 'node:timers/promises';
import { describeEnding, type Child, type Ending } from './child.js';
import type { Progress } from './progress.js';
import { StackError, explain } from './stack-error.js';

export interface Program {
  name: string;
  spawn(): Promise<Child>;
  /** Resolves once it serves; rejects when `signal` says that it has ended. */
  ready(signal: AbortSignal): Promise<void>;
  /** The end of its log, for the error that tells why it does not start. */
  lastWords(): string;
  graceMs: number;
}

const firstBackoffMs = 200;
const longestBackoffMs = 5_000;
const steadyMs = 10_000;
const readyWithinMs = 60_000;

type Life =
  | { kind: 'down' }
  | { kind: 'starting'; child: Child }
  | { kind: 'up'; child: Child; sinceMs: number }
  | { kind: 'waiting' };

/**
 * One program, kept running.
 *
 * down      nothing runs. `start()` leaves it.
 * starting  the process runs and does not answer yet. It becomes up when it is ready.
 * up        it serves.
 * waiting   it ended by itself: started again after a back-off that doubles while it does not stay up for 10 s.
 *
 * `stop()` leads back to down from everywhere. Until it was up for the first time, a program that gives up by itself
 * (an exit code, not a signal) is not started again: `start()` fails with its last words, since it would say the same again.
 */
export class Supervised {
  private life: Life = { kind: 'down' };
  private stopped = new AbortController();
  private lives: Promise<void> = Promise.resolve();
  private wasUp = false;
  private readonly watchers = new Set<() => void>();

  constructor(
    private readonly program: Program,
    private readonly progress: Progress,
  ) {}

  get name(): string {
    return this.program.name;
  }

  get pid(): number | undefined {
    return 'child' in this.life ? this.life.child.pid : undefined;
  }

  get isUp(): boolean {
    return this.life.kind === 'up';
  }

  /** Resolves when it is ready for the first time. */
  start(): Promise<void> {
    if (!this.stopped.signal.aborted && this.life.kind !== 'down') return this.whenUp();
    this.stopped = new AbortController();
    return new Promise((resolve, reject) => {
      this.lives = this.live({ resolve, reject }).catch(reject);
    });
  }

  async stop(graceMs: number = this.program.graceMs): Promise<void> {
    this.stopped.abort();
    if ('child' in this.life) await endWithin(this.life.child, graceMs);
    await this.lives;
    this.become({ kind: 'down' });
  }

  /** kill -9 of what runs; resolves when it has ended. The supervision then starts it again. */
  async kill(): Promise<void> {
    if (!('child' in this.life)) return;
    const { child } = this.life;
    child.kill();
    await child.ended;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  whenUp(timeoutMs: number = readyWithinMs): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.life.kind !== 'up') return;
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.watchers.delete(look);
        reject(this.notReady(`still ${this.life.kind} after ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.watchers.add(look);
      look();
    });
  }

  private async live(first: { resolve: () => void; reject: (error: unknown) => void }): Promise<void> {
    let failures = 0;
    const patience = setTimeout(
      () => first.reject(this.notReady(`no answer within ${readyWithinMs / 1000} s`)),
      readyWithinMs,
    );
    const cameUp = (): void => {
      if (this.wasUp) this.progress.step(`${this.name} is ready again`);
      this.wasUp = true;
      clearTimeout(patience);
      first.resolve();
    };
    try {
      while (!this.stopped.signal.aborted) {
        const { ending, upMs } = await this.oneLife(cameUp).catch((error: unknown) => {
          if (!this.wasUp) throw error;
          this.progress.warn(`${this.name}: ${explain(error)}`);
          return { ending: { code: 127, signal: null }, upMs: 0 };
        });
        if (this.stopped.signal.aborted) break;
        if (!this.wasUp && ending.signal === null) throw this.notReady(describeEnding(ending));
        failures = upMs >= steadyMs ? 1 : failures + 1;
        await this.backOff(failures, ending);
      }
      first.reject(this.notReady('stopped')); // means nothing once it was up
    } finally {
      clearTimeout(patience);
      this.become({ kind: 'down' });
    }
  }

  private async oneLife(cameUp: () => void): Promise<{ ending: Ending; upMs: number }> {
    const child = await this.program.spawn();
    this.become({ kind: 'starting', child });
    // Asked to stop while it was being spawned: nobody else knows of this child yet.
    if (this.stopped.signal.aborted) await endWithin(child, this.program.graceMs);
    const over = new AbortController();
    const ready = this.program.ready(over.signal).then(
      () => {
        if (over.signal.aborted) return;
        this.become({ kind: 'up', child, sinceMs: performance.now() });
        cameUp();
      },
      () => undefined,
    );
    const ending = await child.ended;
    const upMs = this.life.kind === 'up' ? performance.now() - this.life.sinceMs : 0;
    // In the same breath as the end is known: whoever killed it and then waits for it must not see it as still up.
    this.become({ kind: 'waiting' });
    over.abort();
    await ready;
    return { ending, upMs };
  }

  private async backOff(failures: number, ending: Ending): Promise<void> {
    const delayMs = Math.min(firstBackoffMs * 2 ** (failures - 1), longestBackoffMs);
    this.progress.warn(`${this.name} ended (${describeEnding(ending)}), starting it again in ${delayMs} ms`);
    await sleep(delayMs, undefined, { signal: this.stopped.signal }).catch(() => undefined);
  }

  private become(life: Life): void {
    this.life = life;
    for (const look of this.watchers) look();
  }

  private notReady(found: string): StackError {
    const words = this.program.lastWords();
    return new StackError(
      'service',
      `expected ${this.name} to become ready, found: ${found}${words && `\n${words}`}`,
      `correct what its last lines name, then start again`,
    );
  }
}

/** Politely, then at once; with no grace a plain kill -9. */
async function endWithin(child: Child, graceMs: number): Promise<void> {
  if (graceMs > 0) child.askToEnd();
  const late = setTimeout(() => child.kill(), graceMs);
  await child.ended;
  clearTimeout(late);
}

export async function stopAll(all: Iterable<Supervised>, graceMs?: number): Promise<void> {
  const results = await Promise.allSettled([...all].map((one) => one.stop(graceMs)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) process.stderr.write(`${explain(failed.reason)}\n`);
}
