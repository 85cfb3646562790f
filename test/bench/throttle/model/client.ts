import { createGate, type Announcement, type Gate, type GateConfig, type Permit } from '#core';

/** What became of one call, as the client sees it. */
export interface Answer {
  readonly throttled: boolean;
  readonly waitMs: number | undefined;
  readonly resolutionMs: 1 | 1000;
  readonly announcement: Announcement | undefined;
}

/** Whoever sends: Penstock's gate, or a peer. */
export interface Client {
  /** Undefined: the next call may leave now. Infinity: not before some call has ended. */
  waitsUntil(user: boolean, nowMs: number): number | undefined;
  send(user: boolean, nowMs: number): unknown;
  ended(call: unknown, answer: Answer, nowMs: number): void;
  learned?(): unknown;
}

export function gateClient(gate: Gate): Client {
  return {
    waitsUntil(user, nowMs) {
      const admission = gate.admit(user ? 'now' : 'later', nowMs);
      return admission.kind === 'go' ? undefined : (admission.untilMs ?? Infinity);
    },
    send: (user, nowMs) => gate.start(user ? 'now' : 'later', nowMs),
    ended(call, { throttled, waitMs, resolutionMs, announcement }, nowMs) {
      // The model hands back what `send` gave.
      const permit = call as Permit;
      if (!throttled) gate.settle(permit, { kind: 'answered', announcement }, nowMs);
      else gate.settle(permit, { kind: 'throttled', waitMs, resetAtMs: undefined, resolutionMs, announcement }, nowMs);
    },
    learned: () => gate.learned,
  };
}

export function gateConfigOf(more: Partial<GateConfig>): GateConfig {
  return {
    windows: [],
    concurrency: 32,
    reserveShare: 0.2,
    backgroundFloor: 0.05,
    pause: { withoutHeader: { baseMs: 1_000, capMs: 60_000 }, maxMs: 3_600_000, probeAtMax: true },
    spreadMs: 35,
    fence: 1,
    ...more,
  };
}

export function penstock(more: Partial<GateConfig>, chance: () => number): Client {
  const config = gateConfigOf(more);
  const gate = createGate(config, chance);
  return gateClient(gate);
}
