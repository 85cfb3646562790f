import type { Asker, Flight } from './flight.js';

/**
 * Which flight each asker waits for, so that one who leaves is found at once among any number, and one who asks again (a lost connection,
 * a lease that moved back) is known by its id.
 */
export class AskerPlaces {
  private readonly byId = new Map<string, Flight>();

  get size(): number {
    return this.byId.size;
  }

  of(askerId: string): Flight | undefined {
    return this.byId.get(askerId);
  }

  /** The same asker, whose place is given up in the moment when it is told how it ended. */
  follow(asker: Asker): Asker {
    const { id, lane, deadlineMs, order, replaces, wantsBody, isWork, earlier } = asker;
    return {
      id,
      lane,
      deadlineMs,
      order,
      replaces,
      wantsBody,
      isWork,
      earlier,
      end: (end, flight) => {
        this.byId.delete(id);
        asker.end(end, flight);
      },
    };
  }

  put(askerId: string, flight: Flight): void {
    this.byId.set(askerId, flight);
  }
}
