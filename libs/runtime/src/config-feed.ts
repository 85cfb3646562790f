import type { Logger } from './logger.js';

/** One upstream as the configuration in force has it. */
export interface ConfiguredUpstream<Config> {
  readonly id: string;
  readonly version: number;
  readonly config: Config;
  readonly partitionKey: Uint8Array;
}

export interface ConfigFeedOptions<Config> {
  /** Reads the configuration in force; empty while none has been applied. */
  load(): Promise<readonly ConfiguredUpstream<Config>[]>;
  /** Called for the first configuration and for each newer one, one call after the other. */
  apply(upstreams: readonly ConfiguredUpstream<Config>[], version: number): Promise<void> | void;
  readonly logger: Logger;
}

export interface ConfigFeed {
  /** Look now: someone said that a configuration was applied. */
  nudge(): void;
  version(): number;
  close(): void;
}

/** A nudge may be lost with the connection that would have brought it. */
const LOOK_EVERY_MS = 3_000;
const FIRST_LOOK_EVERY_MS = 200;

/** Waits for the first configuration, applies it, and follows. */
export async function followConfig<Config>(options: ConfigFeedOptions<Config>): Promise<ConfigFeed> {
  const feed = new Feed(options);
  await feed.first();
  return feed;
}

class Feed<Config> implements ConfigFeed {
  private applied = 0;
  private looking: Promise<void> | undefined;
  private isNudged = false;
  private isClosed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ConfigFeedOptions<Config>) {}

  async first(): Promise<void> {
    for (let tries = 0; this.applied === 0 && !this.isClosed; tries += 1) {
      await this.look();
      if (this.applied > 0) break;
      if (tries === 10)
        this.options.logger.info({}, 'waiting for a configuration: cache-api applies it when it starts');
      await new Promise((resolve) => setTimeout(resolve, FIRST_LOOK_EVERY_MS));
    }
    if (this.isClosed) return;
    this.timer = setInterval(() => this.nudge(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  /** A look that is under way may have read before what we are told of: then another one follows it. */
  nudge(): void {
    this.isNudged = this.looking !== undefined;
    void this.look();
  }

  version(): number {
    return this.applied;
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
  }

  private look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = undefined;
      if (this.isNudged && !this.isClosed) this.nudge();
    });
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    try {
      const upstreams = await this.options.load();
      const version = upstreams.reduce((highest, upstream) => Math.max(highest, upstream.version), 0);
      if (version <= this.applied || this.isClosed) return;
      await this.options.apply(upstreams, version);
      this.applied = version;
      this.options.logger.info({ version, upstreams: upstreams.length }, 'configuration applied');
    } catch (error) {
      this.options.logger.warn({ err: error }, 'the configuration could not be read; trying again');
    }
  }
}
