import type { WorkMessage } from './work-message.js';

const NONE: ReadonlySet<number> = new Set();
const MOST_REMEMBERED = 1_000;

/**
 * What of a batch has ended, in case the rest of it comes again: this process is handed none of it twice. Another process, or this one
 * after a restart, does not know, and finds in the store what was done.
 */
export class FinishedParts {
  private readonly byBatch = new Map<string, ReadonlySet<number>>();

  of(work: WorkMessage): ReadonlySet<number> {
    return this.byBatch.get(nameOf(work)) ?? NONE;
  }

  keep(work: WorkMessage, parts: ReadonlySet<number>): void {
    this.byBatch.set(nameOf(work), parts);
    if (this.byBatch.size <= MOST_REMEMBERED) return;
    for (const oldest of this.byBatch.keys()) return void this.byBatch.delete(oldest);
  }

  forget(work: WorkMessage): void {
    this.byBatch.delete(nameOf(work));
  }
}

/** A stream that was made anew counts from 1 again: the time tells its messages from those of the old one. */
const nameOf = ({ facts: { sequence, storedAt } }: WorkMessage): string => `${sequence}@${storedAt}`;
