import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { ConsumerDeclaration, WorkPattern } from '#contracts';
import type { Bus } from './connection.js';
import type { Delivery } from './delivery.js';
import type { Publisher } from './publisher.js';
import type { Verdict } from './verdict.js';
import { checkHandlers, handlerFor, WiringError } from './wiring.js';
import type { WorkOutcome } from './work-desk.js';
import { WorkContext, WORK_TRANSPORT } from './work-handler.js';
import { openPull, type Pull, type PullOptions } from './work-pull.js';

/** How much a consumer may hold: so many pieces of work, or a function as in `openPull`. */
export type Room = number | (() => number);

export interface ConsumerOptions extends Pick<PullOptions<unknown>, 'decode' | 'onDead' | 'mostInMessage' | 'isIdle'> {
  readonly room: Room;
}

export interface BoundConsumer extends ConsumerOptions {
  readonly declaration: ConsumerDeclaration;
}

export interface JetStreamStrategyOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  /** Opened at the start. */
  readonly consumers: readonly BoundConsumer[];
  /** Patterns of the consumers that `open` will open later. */
  readonly onDemand?: readonly WorkPattern[];
  /** Longest that handlers may go on when the application closes, before their work is given back. */
  readonly graceMs?: number;
  readonly counted?: (durable: string, outcome: WorkOutcome) => void;
}

/**
 * Work from streams for Nest's handlers. *Listening* begins only with a complete wiring: each consumer has one handler, each
 * handler a consumer. *Closing*: nothing is pulled any more, handlers end within their grace, the rest is given back.
 */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = WORK_TRANSPORT;
  private readonly pulls = new Set<Pull>();
  private readonly twice: string[] = [];
  private closed = false;

  constructor(private readonly options: JetStreamStrategyOptions) {
    super();
  }

  /** Nest would let the later handler of a pattern replace the earlier one without a word. */
  override addHandler(
    pattern: string,
    callback: MessageHandler,
    isEventHandler?: boolean,
    extras?: Record<string, unknown>,
  ): void {
    if (this.messageHandlers.has(this.normalizePattern(pattern))) this.twice.push(pattern);
    super.addHandler(pattern, callback, isEventHandler, extras);
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      this.checkWiring();
      const opened = this.options.consumers.map((consumer) => this.open(consumer.declaration, consumer).opened);
      await Promise.all(opened);
    } catch (error) {
      return callback(error);
    }
    callback();
  }

  /** For consumers that come and go while the application runs, as those of an upstream that it holds. */
  open(declaration: ConsumerDeclaration, options: ConsumerOptions): Pull {
    if (this.closed) throw new Error(`cannot open ${declaration.durable}: the strategy is closed`);
    const handler = this.handlerOf(declaration);
    const { room, ...rest } = options;
    const pull: Pull = openPull<unknown>(this.options.bus, declaration, {
      ...rest,
      publisher: this.options.publisher,
      room: typeof room === 'number' ? () => room - pull.held() : room,
      handle: (delivery) => callHandler(handler, delivery),
      counted: (outcome) => this.options.counted?.(declaration.durable, outcome),
    });
    this.pulls.add(pull);
    void pull.stopped.then(() => this.pulls.delete(pull));
    return pull;
  }

  async close(): Promise<void> {
    this.closed = true;
    const graceMs = this.options.graceMs === undefined ? {} : { graceMs: this.options.graceMs };
    await Promise.all([...this.pulls].map((pull) => pull.stop({ giveBack: false, ...graceMs })));
  }

  /** There is nothing to listen to: what happens to the connection is told by the bus. */
  on(): void {}

  unwrap<T>(): T {
    // The interface leaves the type to the caller; there is one server here.
    return this.options.bus.nc as T;
  }

  private checkWiring(): void {
    const [twice] = this.twice;
    if (twice !== undefined) throw new WiringError(`subject ${twice}: expected one handler, found two`);
    const filters = [
      ...this.options.consumers.map(({ declaration }) => this.relative(declaration.filter)),
      ...(this.options.onDemand ?? []),
    ];
    for (const filter of filters) handlerFor(filter, this.patterns());
    checkHandlers(this.patterns(), filters);
  }

  private patterns(): string[] {
    return [...this.messageHandlers.keys()];
  }

  private relative(filter: string): string {
    return filter.slice(this.options.bus.subjects.namespace.length + 1);
  }

  private handlerOf(declaration: ConsumerDeclaration): MessageHandler {
    const pattern = handlerFor(this.relative(declaration.filter), this.patterns());
    const handler = this.messageHandlers.get(pattern);
    if (handler === undefined) throw new WiringError(`subject ${pattern}: its handler is gone`);
    return handler;
  }
}

/** Nest wraps what a handler returns, or throws, into an observable where guards, pipes or interceptors have a say. */
async function callHandler(handler: MessageHandler, delivery: Delivery<unknown>): Promise<Verdict> {
  const returned: unknown = await handler(delivery.message, new WorkContext([delivery]));
  const verdict: unknown = isObservable(returned) ? await lastValueFrom(returned) : returned;
  if (isVerdict(verdict)) return verdict;
  throw new Error(`handler of ${delivery.subject}: expected a verdict, found ${JSON.stringify(verdict)}`);
}

const KINDS: ReadonlySet<unknown> = new Set<Verdict['kind']>(['done', 'again', 'drop', 'dead', 'each']);
const isVerdict = (value: unknown): value is Verdict =>
  typeof value === 'object' && value !== null && 'kind' in value && KINDS.has(value.kind);
