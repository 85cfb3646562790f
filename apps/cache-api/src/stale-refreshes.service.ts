import { subscribeEvents } from '#bus';
import type { Bus } from '#bus';
import type { Logger } from '#runtime';
import type { EntryRepository, StaleEntry } from '#store';
import type { DirectoryService } from './directory.service.js';
import type { RefreshService } from './refresh.service.js';

export interface StaleRefreshesOptions {
  readonly bus: Bus;
  readonly directory: Pick<DirectoryService, 'get' | 'list'>;
  readonly repository: Pick<EntryRepository, 'readStaleMarks' | 'readStaleEntries'>;
  readonly refresh: Pick<RefreshService, 'refreshStale'>;
  readonly logger: Logger;
}

interface ChangedUrl {
  readonly upstream: string;
  readonly path: string;
  readonly urlHash: string;
}

const GATHER_MS = 20;
const TRY_AGAIN_MS = 2_000;
const MOST_AT_ONCE = 500;
/** Of all processes each mark is looked after by one. */
const QUEUE = 'cache-api';

/**
 * What is known to have changed and the scheduler does not plan is refreshed too, whether anyone reads it or not: its entries are looked up,
 * and asked for. Marks that were set while nobody listened are found in the store; the broker coalesces what two ask for.
 */
export class StaleRefreshesService {
  private readonly waiting = new Set<string>();
  private readonly closers: (() => void)[];
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: StaleRefreshesOptions) {
    const { bus } = options;
    this.closers = [
      subscribeEvents(bus, ['entry.stale'], ({ message }) => this.changed(message), { queue: QUEUE }),
      bus.onReconnected(() => void this.catchUp()),
    ];
    void this.catchUp();
  }

  changed({ upstream, path, urlHash }: ChangedUrl): void {
    const view = this.options.directory.get(upstream);
    if (view === undefined || !view.config.refresh.background || view.planned.has(path)) return;
    this.waiting.add(urlHash);
    this.lookIn(GATHER_MS);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    for (const close of this.closers) close();
  }

  private async catchUp(): Promise<void> {
    const { directory, repository, logger } = this.options;
    try {
      for (const { id } of directory.list())
        for (const { path, urlHash } of await repository.readStaleMarks(id))
          this.changed({ upstream: id, path, urlHash });
    } catch (error) {
      logger.debug({ err: error }, 'what is known to have changed could not be read; the next read of it asks for it');
    }
  }

  private lookIn(delayMs: number): void {
    if (this.isClosed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, delayMs);
  }

  private async look(): Promise<void> {
    const urlHashes = this.takeSome();
    const left = await this.askForAll(urlHashes);
    for (const urlHash of left) this.waiting.add(urlHash);
    if (this.waiting.size > 0) this.lookIn(left.length > 0 ? TRY_AGAIN_MS : 0);
  }

  private takeSome(): string[] {
    const taken: string[] = [];
    for (const urlHash of this.waiting) {
      if (taken.length === MOST_AT_ONCE) break;
      taken.push(urlHash);
      this.waiting.delete(urlHash);
    }
    return taken;
  }

  /** Answers what could not be asked for. */
  private async askForAll(urlHashes: readonly string[]): Promise<readonly string[]> {
    const entries = await this.options.repository.readStaleEntries(urlHashes).catch(() => undefined);
    if (entries === undefined) return urlHashes;
    const asked = await Promise.all(entries.map((entry) => this.askFor(entry)));
    return entries.filter((_, i) => asked[i] === false).map(({ urlHash }) => urlHash);
  }

  private async askFor(entry: StaleEntry): Promise<boolean> {
    const view = this.options.directory.get(entry.upstream);
    return view === undefined || this.options.refresh.refreshStale(view, entry);
  }
}
