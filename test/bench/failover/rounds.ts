import { setTimeout as sleep } from 'node:timers/promises';
import type { RealServer } from '../../support/real-servers.js';
import { startStack, type TestStack } from '../../support/stack.js';
import { startJudge, type Arrival, type FailoverJudge } from './judge.js';
import { startLoad, type Load, type Told } from './users.js';
import { exceedsWindow, verdictOf, type Verdict } from './verdict.js';

export type Deed = 'kill -9' | 'SIGSTOP';

export interface Round extends Verdict {
  readonly deed: Deed;
  readonly holder: string;
  /** How late the upstream may have stamped an arrival of this round. */
  readonly latenessMs: number;
  readonly inFlightAtDeed: number;
  /** One that slept sent something when it woke, before the lease was its own again. */
  readonly lateSender: boolean;
  readonly exceeded: boolean;
  readonly told: Told;
  readonly longestWaitMs: number;
}

export interface Recovery {
  /** From the moment NATS was there again, empty, to the next call. */
  readonly nextCallMs: number;
  readonly mostInWindow: number;
  readonly mostInFlight: number;
  readonly violations: number;
}

export const LIMIT = 60;
export const CONCURRENCY = 32;
const SECOND_MS = 1_000;
const ROUND_MS = 8_000;
const SLEEP_MS = 6_000;
/** No lease can be taken so early: what comes before was under way. */
const UNDER_WAY_MS = 300;
/** Less than what a member must have been back for before it is handed anything. */
const AWAKE_MS = 1_200;
const NAMES = ['dispatcher', 'dispatcher-2'] as const;

/** Beside what is to be refreshed, which alone is more than the limit allows. */
const WANTED_PER_SECOND = 25;
const PLANNED = 400;

function configFor(port: number): string {
  return `
upstreams:
  crm:
    baseUrl: http://127.0.0.1:${port}
    credentials: { header: Authorization, value: "\${WHO}" }
    limits: { windows: [{ limit: ${LIMIT}, per: 1s }], concurrency: ${CONCURRENCY} }
    timeouts: { connect: 500ms, response: 3s, body: 1s, wait: 8s }
    refresh: { maxAge: 5s, resources: ["/items/{1..${PLANNED}}"] }
`;
}

/** Two dispatchers, an upstream that judges them, and users. */
export class FailoverStage {
  private asleep: number | undefined;

  private constructor(
    private readonly stack: TestStack,
    private readonly judge: FailoverJudge,
    private readonly load: Load,
    private readonly nats: RealServer,
  ) {}

  static async open(servers: { nats: RealServer; postgresUrl: string; namespace: string }): Promise<FailoverStage> {
    const judge = await startJudge({ limit: LIMIT, concurrency: CONCURRENCY });
    const stack = await startStack({
      config: configFor(judge.port),
      postgresUrl: servers.postgresUrl,
      natsUrl: servers.nats.url,
      namespace: servers.namespace,
      demo: false,
      replicas: { dispatcher: 2 },
      envOf: (name) => ({ WHO: name }),
    });
    const load = startLoad(stack.dataUrl, WANTED_PER_SECOND);
    return new FailoverStage(stack, judge, load, servers.nats);
  }

  async close(): Promise<void> {
    await this.load.stop();
    await this.stack.stop();
    await this.judge.close();
  }

  /** To be called before this process ends early: one that sleeps would outlive it. */
  wake(): void {
    if (this.asleep !== undefined) process.kill(this.asleep, 'SIGCONT');
    this.asleep = undefined;
  }

  async round(deed: Deed): Promise<Round> {
    const holder = await this.settledHolder();
    // Anywhere within the holder's renewals.
    await sleep(Math.random() * SECOND_MS);
    this.judge.takeLatenessMs();
    this.load.take();
    this.load.takeLongestMs();
    const inFlightAtDeed = this.judge.inFlight();
    const fromMs = this.judge.nowMs();
    const lateSender = deed === 'kill -9' ? await this.kill(holder) : await this.putToSleep(holder);
    await sleep(Math.max(0, fromMs + ROUND_MS - this.judge.nowMs()));
    const isNext = ({ atMs, from }: Arrival): boolean =>
      atMs > fromMs + UNDER_WAY_MS && (deed === 'kill -9' || from !== holder);
    const verdict = verdictOf(this.since(fromMs - 2 * SECOND_MS), { limit: LIMIT, fromMs, isNext });
    const latenessMs = this.judge.takeLatenessMs();
    return {
      ...verdict,
      ...{ deed, holder, latenessMs, inFlightAtDeed, lateSender },
      exceeded: exceedsWindow(verdict, latenessMs) || verdict.mostInFlight > CONCURRENCY,
      told: this.load.take(),
      longestWaitMs: this.load.takeLongestMs(),
    };
  }

  async emptyNats(): Promise<Recovery> {
    await this.settledHolder();
    const fromMs = this.judge.nowMs();
    await this.nats.restart({ emptyStore: true });
    const backMs = this.judge.nowMs();
    // What was reserved before lasts for a second; whoever takes over waits for a whole ttl.
    await this.until('a call after NATS was emptied', 20_000, () => this.since(backMs + 2 * SECOND_MS).length > 0);
    const nextCallMs = (this.since(backMs + 2 * SECOND_MS)[0]?.atMs ?? Infinity) - backMs;
    await sleep(2 * SECOND_MS);
    const verdict = verdictOf(this.since(fromMs), { limit: LIMIT, fromMs, isNext: () => true });
    return { nextCallMs, ...verdict };
  }

  private async kill(holder: string): Promise<boolean> {
    await this.stack.kill(holder);
    await this.stack.ready(holder);
    return false;
  }

  private async putToSleep(holder: string): Promise<boolean> {
    const pid = this.stack.pid(holder);
    if (pid === undefined) throw new Error(`expected ${holder} to run, found no process`);
    process.kill(pid, 'SIGSTOP');
    this.asleep = pid;
    await sleep(SLEEP_MS);
    this.wake();
    const awakeMs = this.judge.nowMs();
    await sleep(AWAKE_MS);
    return this.since(awakeMs).some(({ from }) => from === holder);
  }

  /** The one that sends, once nobody is about to hand over, calls flow and a slot is free. */
  private async settledHolder(): Promise<string> {
    await this.until('one holder that sends', 30_000, () => {
      const recent = this.since(this.judge.nowMs() - 1.5 * SECOND_MS);
      return (
        recent.length > LIMIT / 2 &&
        (recent[0]?.atMs ?? Infinity) < this.judge.nowMs() - SECOND_MS &&
        recent.every(({ from, kind }) => from === recent[0]?.from && kind === 'ordinary') &&
        this.judge.inFlight() < CONCURRENCY
      );
    });
    await Promise.all(NAMES.map((name) => this.stack.ready(name)));
    return this.judge.arrivals.at(-1)?.from ?? '';
  }

  private since(fromMs: number): Arrival[] {
    const { arrivals } = this.judge;
    let first = arrivals.length;
    while (first > 0 && (arrivals[first - 1]?.atMs ?? 0) >= fromMs) first -= 1;
    return arrivals.slice(first);
  }

  private async until(what: string, withinMs: number, look: () => boolean): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (!look()) {
      if (performance.now() > untilMs) throw new Error(`expected ${what} within ${withinMs} ms`);
      await sleep(20);
    }
  }
}
