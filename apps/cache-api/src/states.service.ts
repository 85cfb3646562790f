import { subscribeStates } from '#bus';
import { WHOLE_UPSTREAM } from '#core';
import type { Bus } from '#bus';
import type { UpstreamState } from '#contracts';
import type { Clock } from '#runtime';

/** Four are told a second: after this long nobody holds the upstream. */
const FORGOTTEN_AFTER_MS = 3_000;

/** The live state of each upstream, as its holder tells it. */
export class StatesService {
  private readonly states = new Map<string, { state: UpstreamState; heardAtMs: number }>();
  private readonly stop: () => void;

  constructor(
    bus: Bus,
    private readonly clock: Clock,
  ) {
    this.stop = subscribeStates(bus, (state) => this.heard(state));
  }

  /** Undefined while no holder is heard of. */
  stateOf(upstream: string): UpstreamState | undefined {
    const known = this.states.get(upstream);
    return known === undefined || this.clock.now() - known.heardAtMs > FORGOTTEN_AFTER_MS ? undefined : known.state;
  }

  /** Of the whole upstream: what pauses one of its buckets or credentials concerns few calls, and the holder tells those. */
  pausedUntil(upstream: string, nowMs: number): number | undefined {
    const scopes = this.states.get(upstream)?.state.scopes ?? [];
    const untilMs = scopes.find(({ scope }) => scope === WHOLE_UPSTREAM)?.pausedUntil ?? 0;
    return untilMs <= nowMs ? undefined : untilMs;
  }

  close(): void {
    this.stop();
  }

  /** A holder that was overtaken may still be talking. */
  private heard(state: UpstreamState): void {
    const known = this.states.get(state.upstream)?.state;
    const isNews = known === undefined || state.fence >= known.fence;
    if (isNews) this.states.set(state.upstream, { state, heardAtMs: this.clock.now() });
  }
}
