import type { SingleVerdict } from '#bus';
import type { ControlWork } from '#contracts';
import { PurgesService } from './purges.service.js';
import type { PurgesOptions } from './purges.service.js';
import { StaleMarksService } from './stale-marks.service.js';
import type { StaleMarksOptions } from './stale-marks.service.js';

export type UrlOrder = Extract<ControlWork, { readonly urls: unknown }>;

/** Orders about what is stored of many URLs. */
export class UrlOrdersService {
  private readonly marks: StaleMarksService;
  private readonly purges: PurgesService;

  constructor(options: StaleMarksOptions & PurgesOptions) {
    this.marks = new StaleMarksService(options);
    this.purges = new PurgesService(options);
  }

  /** Those that wait for the store. */
  get waiting(): number {
    return this.marks.waiting;
  }

  carryOut(order: UrlOrder): Promise<SingleVerdict> {
    return order.kind === 'stale' ? this.marks.mark(order) : this.purges.purge(order);
  }

  close(): void {
    this.marks.close();
  }
}
