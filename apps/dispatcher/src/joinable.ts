import { LRUCache } from 'lru-cache';
import { variantOf, withoutCredentials } from '#core';
import type { CredentialRule } from '#core';
import type { Asker, Flight, Order } from './flight.js';

const REMEMBERED_FOR_MS = 120_000;
const REMEMBERED_KEYS = 10_000;

/**
 * The holder's one map of calls in flight, over all lanes. A read joins the flight of its key, waiting or sent; one that must see the
 * upstream as it is now joins only what has not left. After an answer that could not be shared, its key is not joined for 2 minutes:
 * else a thousand clients of a private page would queue up behind one another. After one that varies, those join who want the same
 * variant: else they would wait for the answer of another before they are let go.
 */
export class Joinable {
  private readonly byName = new Map<string, Flight>();
  private readonly names = new WeakMap<Flight, string>();
  private readonly notCollapsible: LRUCache<string, true>;
  private readonly vary: LRUCache<string, readonly string[]>;

  constructor(
    now: () => number,
    private readonly credentialFields: CredentialRule = { kind: 'default' },
  ) {
    const remembered = { max: REMEMBERED_KEYS, ttl: REMEMBERED_FOR_MS, perf: { now } };
    this.notCollapsible = new LRUCache(remembered);
    this.vary = new LRUCache(remembered);
  }

  find(asker: Asker): Flight | undefined {
    const { key, purpose } = asker.order;
    if (purpose === 'write' || purpose === 'pass' || this.notCollapsible.has(key)) return undefined;
    const flight = this.byName.get(this.nameOf(asker.order));
    if (flight === undefined) return undefined;
    return purpose === 'revalidate' && flight.state.kind === 'sent' ? undefined : flight;
  }

  /** The newest flight of a name is the one to join. */
  offer(flight: Flight): void {
    const { purpose } = flight.order;
    if (purpose !== 'read' && purpose !== 'revalidate') return;
    const name = this.nameOf(flight.order);
    this.names.set(flight, name);
    this.byName.set(name, flight);
  }

  withdraw(flight: Flight): void {
    const name = this.names.get(flight);
    if (name !== undefined && this.byName.get(name) === flight) this.byName.delete(name);
  }

  /** What has left for these URLs before a write was done, or a change heard of, may be older than that: nobody joins it any more. */
  withdrawSent(urlHashes: ReadonlySet<string>): void {
    for (const flight of this.byName.values()) {
      if (flight.state.kind === 'sent' && urlHashes.has(flight.order.urlHash)) this.withdraw(flight);
    }
  }

  neverJoin(key: string): void {
    this.notCollapsible.set(key, true);
  }

  /** The answer for this key was chosen by these fields. */
  varies(key: string, names: readonly string[]): void {
    if (names.length > 0) this.vary.set(key, names);
  }

  private nameOf({ key, fields }: Order): string {
    const names = this.vary.get(key);
    return names === undefined ? key : `${key} ${variantOf(names, withoutCredentials(fields, this.credentialFields))}`;
  }
}
