import { setTimeout as delay } from 'node:timers/promises';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node';
import { createSubjects, declareBuckets, type Subjects } from '#contracts';
import { connectionOptions, isRefusal, maskedUrl, type Address } from './address.js';
import { isFull } from './faults.js';
import { provision, StreamMismatchError, type Provisioned } from './provision.js';
import { within } from './within.js';

/** What libs/bus needs of a logger; pino fits. */
export interface BusLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface BusClock {
  /** Epoch ms. */
  now(): number;
}

export interface BusOptions extends Address {
  readonly namespace: string;
  readonly logger: BusLogger;
  readonly clock: BusClock;
  /** Ends the wait for a server that is not there yet. */
  readonly signal?: AbortSignal;
}

export type ReconnectedListener = (news: Provisioned) => Promise<void> | void;
export type AwayListener = () => void;

export interface Bus {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly subjects: Subjects;
  readonly logger: BusLogger;
  readonly clock: BusClock;
  readonly leases: KV;
  readonly scopes: KV;
  /**
   * False from the moment that the connection is known to be lost until it is back and streams and buckets are known to exist.
   * What is published meanwhile would be buffered, or go to nobody: ask first.
   */
  connected(): boolean;
  /** Called after each reconnect, once streams and buckets are known to exist. `created` names those that were lost. */
  onReconnected(listener: ReconnectedListener): () => void;
  onAway(listener: AwayListener): () => void;
  /** Called when it is about to be closed, while what is published is still sent. */
  onClosing(listener: () => void): void;
  /** A subject that only this connection listens to, once it subscribes. */
  inbox(): string;
  /** Makes what is missing on the server. Calls at the same time share one run; it tries until it is done or the bus is closed. */
  provisionAgain(): Promise<Provisioned>;
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 2_000;
const REQUEST_TIMEOUT_MS = 2_000;
const NO_JETSTREAM = 'waiting for JetStream: the server must run with JetStream enabled';
const NO_ROOM =
  'waiting for storage: the server cannot set aside what the streams may take; give it disk, or raise max_file_store';
const DRAIN_TIMEOUT_MS = 5_000;

/** Waits for the server as long as it takes, saying so; makes streams and buckets; stays connected until `close`. */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const subjects = createSubjects(options.namespace);
  const nc = await connectPatiently(options);
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS });
  const js = jetstream(nc, { timeout: REQUEST_TIMEOUT_MS });
  const kvm = new Kvm(js);
  const buckets = declareBuckets(subjects);
  const [leases, scopes] = await Promise.all([kvm.open(buckets.leases.name), kvm.open(buckets.scopes.name)]);
  const bus = new ConnectedBus({
    nc,
    js,
    jsm,
    subjects,
    leases,
    scopes,
    logger: options.logger,
    clock: options.clock,
    inbox: () => createInbox(options.inboxPrefix),
  });
  await bus.start();
  return bus;
}

async function connectPatiently(options: BusOptions): Promise<NatsConnection> {
  const url = maskedUrl(options.url);
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      const nc = await connect(connectionOptions(options));
      options.logger.info({ url, server: nc.info?.version }, 'connected to NATS');
      return nc;
    } catch (cause) {
      if (isRefusal(cause))
        throw new Error(`NATS at ${url} refused the credentials: check PENSTOCK_NATS_URL`, { cause });
      options.logger.warn({ url, reason: String(cause) }, 'waiting for NATS to accept connections');
      await delay(retryMs(attempt), undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
}

const retryMs = (attempt: number): number => Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 4));

type BusParts = Pick<Bus, 'nc' | 'js' | 'jsm' | 'subjects' | 'logger' | 'clock' | 'leases' | 'scopes' | 'inbox'>;

/**
 * Away or here, told by the client's status. `disconnect` makes it away: listeners hear it at once.
 * `reconnect` makes it here: first streams and buckets are made again (the server may have come back with an empty store), then listeners hear it.
 */
class ConnectedBus implements Bus {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly subjects: Subjects;
  readonly logger: BusLogger;
  readonly clock: BusClock;
  // A bucket is addressed by name and holds no state of its own: the same object serves after the bucket was made again.
  readonly leases: KV;
  readonly scopes: KV;
  readonly inbox: () => string;
  private here = false;
  /** Counts disconnects: a return that was begun before the last one is void. */
  private losses = 0;
  private started = false;
  private closing = false;
  private running: Promise<Provisioned> | null = null;
  private readonly reconnectedListeners = new Set<ReconnectedListener>();
  private readonly awayListeners = new Set<AwayListener>();
  private readonly closingListeners: (() => void)[] = [];

  constructor(parts: BusParts) {
    this.nc = parts.nc;
    this.js = parts.js;
    this.jsm = parts.jsm;
    this.subjects = parts.subjects;
    this.logger = parts.logger;
    this.clock = parts.clock;
    this.leases = parts.leases;
    this.scopes = parts.scopes;
    this.inbox = parts.inbox;
  }

  async start(): Promise<void> {
    void this.watchStatus();
    await this.provisionAgain();
    this.here = this.losses === 0;
    this.started = true;
  }

  connected(): boolean {
    return this.here && !this.closing && !this.nc.isClosed();
  }

  onReconnected(listener: ReconnectedListener): () => void {
    this.reconnectedListeners.add(listener);
    return () => this.reconnectedListeners.delete(listener);
  }

  onAway(listener: AwayListener): () => void {
    this.awayListeners.add(listener);
    return () => this.awayListeners.delete(listener);
  }

  onClosing(listener: () => void): void {
    this.closingListeners.push(listener);
  }

  provisionAgain(): Promise<Provisioned> {
    this.running ??= this.provisionUntilDone().finally(() => (this.running = null));
    return this.running;
  }

  async close(): Promise<void> {
    if (this.closing) return void (await this.nc.closed());
    const drainable = this.connected();
    for (const listener of this.closingListeners) listener();
    this.closing = true;
    // A drain that fails has lost the connection meanwhile: then there is nothing left to send.
    if (drainable) await within(DRAIN_TIMEOUT_MS, this.nc.drain()).catch(() => undefined);
    if (!this.nc.isClosed()) await this.nc.close();
  }

  private async watchStatus(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect') this.becomeAway();
      else if (status.type === 'reconnect') void this.becomeHere();
      else if (status.type === 'error') this.logger.error({ error: String(status.error) }, 'NATS reports an error');
      else if (status.type === 'staleConnection') this.logger.warn({}, 'NATS does not answer pings');
    }
  }

  private becomeAway(): void {
    this.losses += 1;
    if (!this.here || this.closing) return;
    this.here = false;
    this.logger.warn({}, 'lost the connection to NATS, reconnecting');
    for (const listener of this.awayListeners) void this.guarded(listener);
  }

  private async becomeHere(): Promise<void> {
    const { losses } = this;
    // A run from before the loss proves nothing about the server that is there now.
    await this.running;
    const news = await this.provisionAgain();
    if (losses !== this.losses || this.closing) return;
    this.here = true;
    this.logger.info({ server: this.nc.getServer(), lost: news.created }, 'reconnected to NATS');
    await Promise.all([...this.reconnectedListeners].map((listener) => this.guarded(() => listener(news))));
  }

  private async guarded(call: () => Promise<void> | void): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.logger.error({ error }, 'a listener of the NATS connection failed');
    }
  }

  private async provisionUntilDone(): Promise<Provisioned> {
    for (let attempt = 0; !this.closing; attempt += 1) {
      try {
        const done = await provision(this.jsm, this.subjects);
        if (done.created.length > 0) this.logger.info({ created: done.created }, 'made streams and buckets');
        return done;
      } catch (error) {
        // At the start a person is there to read it; later the rest goes on, and the log says it again.
        if (error instanceof StreamMismatchError && !this.started) throw error;
        this.logger.warn({ reason: String(error) }, isFull(error) ? NO_ROOM : NO_JETSTREAM);
        await delay(retryMs(attempt));
      }
    }
    return { created: [] };
  }
}
