import { connectBus, createPublisher, done, openPull, type Bus, type Publisher } from '#bus';
import { declareConsumers, isBatch, singlesOf } from '#contracts';
import type { RefreshBatch, RefreshWork, UpstreamState } from '#contracts';
import { UPSTREAM } from './scheduler-world.js';

const silence = (): void => undefined;
const STATES_EVERY_MS = 250;
const ANSWERS_EVERY_MS = 50;
const MOST_QUEUED = 2_000;
const SERVICE_MS = 20;

/** Stands in for refresher, holder and upstream: so many answers a second, told as they are told. */
export class StandInHolder {
  answered = 0;
  private readonly queue: RefreshWork[] = [];
  private readonly timers: NodeJS.Timeout[];
  private readonly pull: ReturnType<typeof openPull>;

  private constructor(
    private readonly bus: Bus,
    private readonly publisher: Publisher,
    private readonly perSecond: number,
    private sends: number,
  ) {
    this.timers = [
      setInterval(() => this.tell(), STATES_EVERY_MS),
      setInterval(() => void this.answer(), ANSWERS_EVERY_MS),
    ];
    this.pull = openPull<RefreshWork | RefreshBatch>(bus, declareConsumers(bus.subjects).refresh(), {
      publisher,
      room: () => Math.max(0, MOST_QUEUED - this.queue.length),
      handle: ({ message }) => {
        // A batch is all of its reminders.
        this.queue.push(...(isBatch(message) ? (singlesOf(message) as RefreshWork[]) : [message]));
        return Promise.resolve(done);
      },
    });
  }

  /** `sends`: above all versions in the store. */
  static async open(of: {
    natsUrl: string;
    namespace: string;
    perSecond: number;
    sends: number;
  }): Promise<StandInHolder> {
    const logger = { debug: silence, info: silence, warn: silence, error: silence };
    const bus = await connectBus({ url: of.natsUrl, namespace: of.namespace, name: 'bench', logger, clock: Date });
    return new StandInHolder(bus, createPublisher(bus, { identity: 'bench' }), of.perSecond, of.sends);
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.pull.stop({ giveBack: true });
    await this.bus.close();
  }

  private tell(): void {
    const state: UpstreamState = {
      ...{ upstream: UPSTREAM, holder: 'bench', fence: 1, at: Date.now(), state: 'flowing', pausedUntil: null },
      ...{ quotaResetAt: null, pauseReason: null, tokens: null, learned: null, scopes: [] },
      ...{ inFlight: 0, calls: this.answered, throttles: 0, breaker: { state: 'closed', shed: 0 } },
      backgroundRate: this.perSecond,
      queued: { now: 0, soon: 0, later: this.queue.length },
    };
    this.publisher.publishCore(this.bus.subjects.state(UPSTREAM), state);
  }

  private async answer(): Promise<void> {
    const some = this.queue.splice(0, Math.round((this.perSecond * ANSWERS_EVERY_MS) / 1000));
    await Promise.all(some.map((work) => this.answerOne(work)));
  }

  private async answerOne({ upstream, path, key, urlHash, partition, variant }: RefreshWork): Promise<void> {
    const ref = { upstream, path, key, urlHash, partition, variant };
    const version = { fence: 1, send: (this.sends += 1) };
    const receivedAt = Date.now();
    const source = { cause: 'bench' };
    await this.publisher.publishEvent(
      'entry.stored',
      {
        ...{ ...ref, version, status: 200, changed: true, intervalMs: null, unchangedForMs: null },
        ...{ requestedAt: receivedAt - SERVICE_MS, receivedAt, lifetimeMs: 60_000, bodyHash: 'b', bodyBytes: 2 },
      },
      source,
    );
    const ended = { ...ref, lane: 'later', attempts: 1, throttles: 0 } as const;
    await this.publisher.publishEvent(
      'fetch.answered',
      { ...ended, status: 200, version, durationMs: SERVICE_MS },
      source,
    );
    this.answered += 1;
  }
}
