import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { once } from 'node:events';
import { AggregatorRegistry } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Clock } from './clock.js';
import { Distribution } from './handed-connections.js';
import type { ConnectionMessage } from './handed-connections.js';
import type { Logger } from './logger.js';

/** Which of the processes that share a port this is. */
export interface WorkerPlace {
  /** `only`: no others. `first`: starts the workers and keeps them running; what may exist once only is there. */
  readonly role: 'only' | 'first' | 'worker';
  /** How many share the port. */
  readonly count: number;
  /** Of a worker, from 1 on; one that takes a dead one's place has its number. */
  readonly ordinal: number | undefined;
}

const ORDINAL = 'PENSTOCK_WORKER_ORDINAL';

export function workerPlaceOf(count: number, variables: Readonly<Record<string, string | undefined>>): WorkerPlace {
  if (cluster.isWorker) return { role: 'worker', count, ordinal: Number(variables[ORDINAL]) };
  return { role: count > 1 ? 'first' : 'only', count: Math.max(1, count), ordinal: undefined };
}

type Gathered = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;
type ToWorker = { readonly kind: 'metrics-wanted'; readonly id: number };
type FromWorker =
  | ConnectionMessage
  | { readonly kind: 'serving' }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: Gathered };

/** Said by a worker once it serves: to be asked for its metrics, and counted as ready. */
export function serveAsWorker(registry: Registry): void {
  process.on('message', (message: ToWorker) => {
    if (message.kind !== 'metrics-wanted') return;
    void registry.getMetricsAsJSON().then((metrics) => tellFirst({ kind: 'metrics', id: message.id, metrics }));
  });
  tellFirst({ kind: 'serving' });
}

function tellFirst(message: FromWorker): void {
  // Gone meanwhile: then this process is about to end, too.
  if (process.connected) process.send?.(message);
}

export interface Workers {
  /** Of all processes, each under its own label. */
  exposition(): Promise<string>;
  areAllServing(): boolean;
  close(): Promise<void>;
}

const FIRST_RESTART_MS = 200;
const LONGEST_RESTART_MS = 5_000;
const STEADY_MS = 10_000;
const LAST_WORDS_MS = 50;
const METRICS_WITHIN_MS = 1_000;
const END_WITHIN_MS = 6_000;

export interface CrewParts {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Resolves when all serve and the port is open. @throws when one gives up before it has served, or the port is taken. */
export async function startWorkers(count: number, of: CrewParts): Promise<Workers> {
  const crew = new Crew(of.registry, of.clock, of.logger);
  await Promise.all(Array.from({ length: count }, (_, at) => crew.start(at + 1)));
  await crew.connections.listen(of.port, of.host);
  return crew;
}

type Seat =
  | { readonly kind: 'starting' | 'serving'; readonly worker: Worker; readonly sinceMs: number }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout };

/**
 * One seat for each worker.
 *
 * starting  the process runs and does not serve yet.
 * serving   it takes calls.
 * waiting   it ended by itself: another takes the seat after a back-off, which doubles while none stays for 10 s.
 *
 * `close()` ends every process, and no seat is taken again.
 */
class Crew implements Workers {
  readonly connections = new Distribution(() => this.serving());
  private readonly seats = new Map<number, Seat>();
  private isClosing = false;
  private nextId = 0;

  constructor(
    private readonly registry: Registry,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async start(ordinal: number): Promise<void> {
    const worker = this.seat(ordinal, 0);
    await new Promise<void>((resolve, reject) => {
      worker.on('message', ({ kind }: FromWorker) => kind === 'serving' && resolve());
      worker.once('exit', (code) => reject(new Error(`worker ${ordinal} ended before it served (exit code ${code})`)));
    });
  }

  areAllServing(): boolean {
    return [...this.seats.values()].every(({ kind }) => kind === 'serving');
  }

  async exposition(): Promise<string> {
    const told = await Promise.all(this.serving().map((worker) => this.metricsOf(worker)));
    const own = await this.registry.getMetricsAsJSON();
    return AggregatorRegistry.aggregate([own, ...told]).metrics();
  }

  async close(): Promise<void> {
    this.isClosing = true;
    this.connections.close();
    await Promise.all([...this.seats.values()].map((seat) => end(seat)));
  }

  private seat(ordinal: number, failures: number): Worker {
    // The end of our standard input is for us to hear; they hear of our own end.
    const worker = cluster.fork({ [ORDINAL]: String(ordinal), PENSTOCK_PARENT: undefined });
    const sinceMs = this.clock.now();
    this.seats.set(ordinal, { kind: 'starting', worker, sinceMs });
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'connection-taken') this.connections.taken(message.id);
      if (message.kind !== 'serving') return;
      this.seats.set(ordinal, { kind: 'serving', worker, sinceMs });
      this.connections.resume();
    });
    worker.once('disconnect', () => this.leave(ordinal, worker));
    worker.once('exit', (code, signal) => {
      if (this.isClosing) return;
      // Not at 'disconnect', which does not come while handles are on their way; and after what it has said is read.
      setTimeout(() => this.connections.lost(worker), LAST_WORDS_MS);
      const failed = this.clock.now() - sinceMs > STEADY_MS ? 1 : failures + 1;
      this.logger.error(
        { worker: ordinal, pid: worker.process.pid, code, signal },
        'a worker ended; another takes its place',
      );
      this.wait(ordinal, failed);
    });
    return worker;
  }

  /** Nothing can be handed to it any more. */
  private leave(ordinal: number, worker: Worker): void {
    const seat = this.seats.get(ordinal);
    if (seat?.kind === 'serving' && seat.worker === worker) this.seats.set(ordinal, { ...seat, kind: 'starting' });
  }

  private wait(ordinal: number, failures: number): void {
    const delayMs = Math.min(FIRST_RESTART_MS * 2 ** (failures - 1), LONGEST_RESTART_MS);
    const timer = setTimeout(() => this.seat(ordinal, failures), delayMs);
    this.seats.set(ordinal, { kind: 'waiting', timer });
  }

  private serving(): Worker[] {
    return [...this.seats.values()].flatMap((seat) => (seat.kind === 'serving' ? [seat.worker] : []));
  }

  /** Of one that does not answer in time: none, this once. */
  private metricsOf(worker: Worker): Promise<Gathered> {
    const id = (this.nextId += 1);
    return new Promise((resolve) => {
      const done = (metrics: Gathered): void => {
        clearTimeout(timer);
        worker.off('message', hear);
        worker.off('exit', gone);
        resolve(metrics);
      };
      const hear = (message: FromWorker): void => {
        if (message.kind === 'metrics' && message.id === id) done(message.metrics);
      };
      const gone = (): void => done([]);
      const timer = setTimeout(gone, METRICS_WITHIN_MS);
      worker.on('message', hear);
      worker.once('exit', gone);
      worker.send({ kind: 'metrics-wanted', id } satisfies ToWorker, () => undefined);
    });
  }
}

async function end(seat: Seat): Promise<void> {
  if (seat.kind === 'waiting') return clearTimeout(seat.timer);
  const { worker } = seat;
  if (worker.isDead()) return;
  const ended = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  const late = setTimeout(() => worker.process.kill('SIGKILL'), END_WITHIN_MS);
  await ended;
  clearTimeout(late);
}
