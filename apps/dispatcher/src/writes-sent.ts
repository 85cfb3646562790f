import { LRUCache } from 'lru-cache';

const REMEMBERED_URLS = 50_000;

/** The last write that left for each URL: a PUT that is repeated after another write would undo it. */
export class WritesSent {
  private readonly last = new LRUCache<string, { flightId: string; send: number }>({ max: REMEMBERED_URLS });

  note(urlHash: string, flightId: string, send: number): void {
    this.last.set(urlHash, { flightId, send });
  }

  /** Whether a write of another flight has left for this URL after the given send. */
  otherSince(urlHash: string, flightId: string, send: number): boolean {
    const last = this.last.get(urlHash);
    return last !== undefined && last.flightId !== flightId && last.send > send;
  }
}
