import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { arrivals, type DueArrival } from './arrivals.js';
import type { Call, Caller } from './callers.js';
import type { UsersResult } from './load-messages.js';
import { Notebook, type Arrival } from './notebook.js';
import { USERS } from './stories.js';

const DRAIN_MS = 30_000;
const LOOP_RESOLUTION_MS = 5;

type Phase =
  { kind: 'prelude' } | { kind: 'measured'; fromMs: number; cpuFrom: NodeJS.CpuUsage } | { kind: 'finishing' };

/**
 * Simulated users, open loop: nobody waits for an earlier answer, and a call's time counts from when it was due.
 *
 * prelude    reads only, nothing is noted: connections open, code gets warm.
 * measured   all act, all is noted.
 * finishing  no arrivals; the answers that are due still count.
 */
export class Users {
  private phase: Phase = { kind: 'prelude' };
  private readonly notebook = new Notebook();
  private readonly source: Generator<DueArrival, never>;
  private readonly startedMs = performance.now();
  private readonly loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  private coming: DueArrival;
  private openCalls = 0;

  constructor(
    private readonly call: Caller,
    of: { seed: number; items: number },
  ) {
    this.source = arrivals(of.seed, of.items, USERS);
    this.coming = this.source.next().value;
    this.letCome();
  }

  get progress(): { reads: number; open: number } {
    return { reads: this.notebook.readCount, open: this.openCalls };
  }

  measure(): void {
    this.loopDelay.enable();
    this.phase = { kind: 'measured', fromMs: performance.now(), cpuFrom: process.cpuUsage() };
  }

  async finish(): Promise<UsersResult> {
    if (this.phase.kind !== 'measured') throw new Error(`expected users that are measured, found ${this.phase.kind}`);
    const { fromMs, cpuFrom } = this.phase;
    const cpu = process.cpuUsage(cpuFrom);
    const facts = {
      seconds: (performance.now() - fromMs) / 1000,
      eventLoopDelayP99Ms: Math.max(0, this.loopDelay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS),
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
    };
    this.phase = { kind: 'finishing' };
    const deadlineMs = performance.now() + DRAIN_MS;
    while (this.openCalls > 0 && performance.now() < deadlineMs) await sleep(50);
    return this.notebook.result(facts);
  }

  /** All that are due by now, then again when the next one is. */
  private letCome(): void {
    if (this.phase.kind === 'finishing') return;
    const nowMs = performance.now();
    while (this.startedMs + this.coming.dueMs <= nowMs) {
      this.begin(this.coming.arrival, this.startedMs + this.coming.dueMs);
      this.coming = this.source.next().value;
    }
    setTimeout(() => this.letCome(), Math.max(0, this.startedMs + this.coming.dueMs - performance.now()));
  }

  private begin(arrival: Arrival, dueMs: number): void {
    const isNoted = this.phase.kind === 'measured';
    if (!isNoted && arrival.kind === 'write') return;
    if (isNoted) this.notebook.left(performance.now() - dueMs);
    this.openCalls += 1;
    void this.call(callOf(arrival)).then((told) => {
      this.openCalls -= 1;
      const epoch = performance.timeOrigin;
      if (isNoted) this.notebook.ended({ arrival, told, dueAt: epoch + dueMs, endedAt: epoch + performance.now() });
    });
  }
}

function callOf(arrival: Arrival): Call {
  if (arrival.kind !== 'write') return { method: 'GET', path: arrival.path, headers: {} };
  const headers = { 'content-type': 'application/json', 'x-call-id': arrival.id };
  return {
    method: 'POST',
    path: arrival.path,
    headers,
    body: JSON.stringify({ text: `a note of a user: ${arrival.id}` }),
  };
}
