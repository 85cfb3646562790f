import type { Logger } from '#runtime';
import { isAboutTheRows } from './completions.service.js';

const RETRY_MS = 500;

/** Orders that the store must take before they are done: held while it is away, until this holder lets go. */
export class StoreWait {
  private isClosed = false;
  private held = 0;

  constructor(
    private readonly upstream: string,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  /** How many are held. */
  get waiting(): number {
    return this.held;
  }

  /** Undefined: this holder has let go before the store was there. @throws what speaks of the values: to wait would not help. */
  async until<T>(write: () => Promise<T>): Promise<{ readonly done: T } | undefined> {
    this.held += 1;
    try {
      for (let isFirst = true; !this.isClosed; isFirst = false) {
        const written = await write().then(
          (done) => ({ done }),
          (error: unknown) => this.refused(error, isFirst),
        );
        if (written !== undefined) return written;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
      return undefined;
    } finally {
      this.held -= 1;
    }
  }

  close(): void {
    this.isClosed = true;
  }

  private refused(error: unknown, isFirst: boolean): undefined {
    if (isAboutTheRows(error)) throw error;
    const { upstream } = this;
    if (isFirst) this.logger.warn({ err: error, upstream }, 'an order is held until PostgreSQL is back');
    return undefined;
  }
}
