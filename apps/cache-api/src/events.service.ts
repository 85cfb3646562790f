import type { Writable } from 'node:stream';
import { followEvents } from '#bus';
import type { Bus } from '#bus';

const KEEP_ALIVE_EVERY_MS = 15_000;

/** Events from their stream to those who watch, each at its own pace. */
export class EventsService {
  private readonly stops = new Set<() => void>();

  constructor(private readonly bus: Bus) {}

  /** `afterSequence` absent: what is told from now on. Answers what ends it. */
  follow(afterSequence: number | undefined, out: Writable): () => void {
    const stopFollowing = followEvents(
      this.bus,
      afterSequence === undefined ? {} : { fromSequence: afterSequence + 1 },
      async (event) => {
        const text = `event: event.${event.name}\nid: ${event.sequence}\ndata: ${JSON.stringify(event.message)}\n\n`;
        // A slow reader is waited for: the stream keeps what is to come.
        if (!out.write(text)) await drained(out);
      },
    );
    const keepAlive = setInterval(() => out.write(': still here\n\n'), KEEP_ALIVE_EVERY_MS);
    const stop = (): void => {
      clearInterval(keepAlive);
      stopFollowing();
      this.stops.delete(stop);
      out.end();
    };
    this.stops.add(stop);
    return stop;
  }

  close(): void {
    for (const stop of [...this.stops]) stop();
  }
}

function drained(out: Writable): Promise<void> {
  return new Promise((resolve) => {
    out.once('drain', resolve);
    out.once('close', resolve);
  });
}
