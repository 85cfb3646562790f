import type { Bus, Publisher } from '#bus';
import type { ListConfig, UpstreamConfig } from '#contracts';
import type { Clock, Logger } from '#runtime';
import type { EntryRepository, ListCursorRepository, ListCursorWriter } from '#store';
import type { AnswersService } from './answers.service.js';
import type { DispatchLoop } from './dispatch-loop.service.js';
import type { KnownEntries } from './known-entries.js';
import { ListReading } from './list-reading.service.js';
import { RuleRests } from './rule-rests.js';

export interface ListsOptions {
  readonly config: UpstreamConfig;
  readonly bus: Bus;
  readonly publisher: Pick<Publisher, 'envelope' | 'publishWork'>;
  readonly loop: Pick<DispatchLoop, 'ask'>;
  readonly answers: Pick<AnswersService, 'keepPart'>;
  readonly known: Pick<KnownEntries, 'get'>;
  readonly cursors: ListCursorRepository & ListCursorWriter;
  readonly repository: Pick<EntryRepository, 'readTimesOf'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * The lists by which an upstream tells what has changed, read as often as the configuration says, for as long as this replica holds the
 * upstream: so there is one who reads them, whoever that is. They wait in lane later as any background call; while one is being read the
 * next reading of it is left out, so that none pile up behind a pause.
 */
export class ListsService {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly rests: RuleRests;
  private isClosed = false;

  constructor(private readonly options: ListsOptions) {
    const { config, clock, logger } = options;
    this.rests = new RuleRests(clock, (call, reason) =>
      logger.warn(
        { upstream: config.id, call, reason },
        'a list of refresh.lists is of no use now: it is left out for a while',
      ),
    );
  }

  open(): void {
    const { refresh } = this.options.config;
    if (!refresh.background) return;
    for (const rule of refresh.lists) this.follow(rule);
  }

  close(): void {
    this.isClosed = true;
    for (const timer of this.timers) clearInterval(timer);
  }

  private follow(rule: ListConfig): void {
    const reading = new ListReading(rule, this.options);
    let isReading = false;
    const read = async (): Promise<void> => {
      if (isReading || this.isClosed || this.rests.isResting(rule.call)) return;
      isReading = true;
      await this.read(reading, rule).finally(() => (isReading = false));
    };
    void read();
    this.timers.push(setInterval(() => void read(), rule.everyMs));
  }

  private async read(reading: ListReading, { call }: ListConfig): Promise<void> {
    const { config, logger } = this.options;
    try {
      const result = await reading.read();
      if (result.kind === 'read') this.rests.useful(call);
      if (result.kind === 'useless') this.rests.useless(call, result.reason);
    } catch (error) {
      // The store is away: as far as it was read stands there, and it is read again from there.
      if (!this.isClosed) logger.warn({ err: error, upstream: config.id, call }, 'a list of changes could not be read');
    }
  }
}
