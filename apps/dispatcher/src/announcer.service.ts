import type { Acknowledgements, Publisher } from '#bus';
import type { EventName, EventPayloads } from '#contracts';
import type { Announcer } from './announcer.js';

const TELL_AGAIN_MS = 1_000;

/** The announcer over the bus. What cannot be told now is not kept here: the work that it ends comes again, and says it then. */
export function createAnnouncer(publisher: Publisher, acknowledgements: Acknowledgements): Announcer {
  const tell = async <N extends EventName>(name: N, facts: EventPayloads[N], cause: string): Promise<boolean> =>
    (await publisher.publishEvent(name, facts, { cause })) === 'stored';
  const mention = async <N extends EventName>(name: N, facts: EventPayloads[N], cause: string): Promise<void> => {
    await tell(name, facts, cause);
  };
  return {
    stored: (facts, cause) => tell('entry.stored', facts, cause),
    answered: (facts, cause) => tell('fetch.answered', facts, cause),
    failed: (facts, cause) => tell('fetch.failed', facts, cause),
    stale: (facts, cause) => tell('entry.stale', facts, cause),
    dropped: (facts, cause) => tell('fetch.dropped', facts, cause),
    paused: (facts) => mention('upstream.paused', facts, facts.reason),
    resumed: (facts) => mention('upstream.resumed', facts, 'probe'),
    held: (facts) => mention('upstream.held', facts, 'lease'),
    removed: (facts) => mention('entry.removed', facts, facts.reason),
    async invalidated(facts, cause) {
      const wait = acknowledgements.expect();
      const source = { cause, headers: wait.headers };
      // A cache-api that lost its connection for a moment has missed it, and is still a member: it is told until it has heard.
      let everyone = false;
      while (!everyone) {
        await publisher.publishEvent('entry.invalidated', facts, source);
        everyone = await Promise.race([wait.everyone().then(() => true), pause(TELL_AGAIN_MS).then(() => false)]);
      }
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
