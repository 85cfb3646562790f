import type { SingleVerdict } from '#bus';
import type { ControlWork } from '#contracts';
import type { Logger } from '#runtime';
import { PurgesService } from './purges.service.js';
import type { PurgesOptions } from './purges.service.js';
import { StaleMarksService } from './stale-marks.service.js';
import type { StaleMarksOptions } from './stale-marks.service.js';
import { StoreWait } from './store-wait.js';

export type UrlOrder = Extract<ControlWork, { readonly urls: unknown }>;

export type UrlOrdersOptions = Omit<StaleMarksOptions & PurgesOptions, 'storeWait'> & {
  readonly logger: Pick<Logger, 'warn'>;
};

/** Orders about what is stored of many URLs. */
export class UrlOrdersService {
  private readonly storeWait: StoreWait;
  private readonly marks: StaleMarksService;
  private readonly purges: PurgesService;

  constructor(options: UrlOrdersOptions) {
    this.storeWait = new StoreWait(options.upstream, options.logger);
    this.marks = new StaleMarksService({ ...options, storeWait: this.storeWait });
    this.purges = new PurgesService({ ...options, storeWait: this.storeWait });
  }

  /** Those that wait for the store. */
  get waiting(): number {
    return this.storeWait.waiting;
  }

  carryOut(order: UrlOrder): Promise<SingleVerdict> {
    return order.kind === 'stale' ? this.marks.mark(order) : this.purges.purge(order);
  }

  close(): void {
    this.storeWait.close();
  }
}
