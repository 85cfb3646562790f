import { LRUCache } from 'lru-cache';
import type { Asker, Flight } from './flight.js';

const NOT_COLLAPSIBLE_FOR_MS = 120_000;
const REMEMBERED_KEYS = 10_000;

/**
 * The holder's one map of calls in flight, over all lanes. A read joins the flight of its key, waiting or sent; one that must see the
 * upstream as it is now joins only what has not left. After an answer that could not be shared, its key is not joined for 2 minutes:
 * else a thousand clients of a private page would queue up behind one another.
 */
export class Joinable {
  private readonly byKey = new Map<string, Flight>();
  private readonly notCollapsible: LRUCache<string, true>;

  constructor(now: () => number) {
    this.notCollapsible = new LRUCache({ max: REMEMBERED_KEYS, ttl: NOT_COLLAPSIBLE_FOR_MS, perf: { now } });
  }

  find(asker: Asker): Flight | undefined {
    const { key, purpose } = asker.order;
    if (purpose === 'write' || purpose === 'pass' || this.notCollapsible.has(key)) return undefined;
    const flight = this.byKey.get(key);
    if (flight === undefined) return undefined;
    return purpose === 'revalidate' && flight.state.kind === 'sent' ? undefined : flight;
  }

  /** The newest flight of a key is the one to join. */
  offer(flight: Flight): void {
    const { key, purpose } = flight.order;
    if (purpose === 'read' || purpose === 'revalidate') this.byKey.set(key, flight);
  }

  withdraw(flight: Flight): void {
    if (this.byKey.get(flight.order.key) === flight) this.byKey.delete(flight.order.key);
  }

  /** What has left for this URL before a write was done may be older than the write: nobody joins it any more. */
  withdrawSent(urlHash: string): void {
    for (const flight of this.byKey.values()) {
      if (flight.order.urlHash === urlHash && flight.state.kind === 'sent') this.withdraw(flight);
    }
  }

  neverJoin(key: string): void {
    this.notCollapsible.set(key, true);
  }
}
