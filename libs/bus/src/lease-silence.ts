import { LEASE_TTL_MS } from '#contracts';
import type { BucketRecord } from './bucket-record.js';

/**
 * For how long another's lease has not been renewed, by our own clock alone. The server drops a silent key up to 0.3 s after its time, and
 * tells nobody. Whoever saw a renewal saw it after it was sent: a whole ttl later its holder has long stopped by its own clock, and a write
 * that names this renewal's revision can only replace this one.
 */
export class LeaseSilence {
  private revision = 0;
  private storedAtMs = 0;
  private sinceMs = 0;

  /**
   * Told each time that the key was read, with a time after the answer. A store that was lost counts its revisions from 1 again: the time of
   * storing tells two such apart.
   * @returns how much longer it must be silent to be over; 0: it is over.
   */
  leftMs({ revision, storedAtMs }: Pick<BucketRecord<unknown>, 'revision' | 'storedAtMs'>, nowMs: number): number {
    if (revision !== this.revision || storedAtMs !== this.storedAtMs) {
      this.revision = revision;
      this.storedAtMs = storedAtMs;
      this.sinceMs = nowMs;
    }
    return Math.max(0, this.sinceMs + LEASE_TTL_MS - nowMs);
  }
}
