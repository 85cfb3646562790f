import { createGate, type Gate } from './gate.js';
import type {
  GateAdmission,
  GateChange,
  GateConfig,
  GateOutcome,
  GateState,
  Permit,
  ScopeRecord,
  TakeOver,
} from './gate-types.js';
import type { LaneSide } from './lanes.js';
import type { Epoch } from './pause.js';
import { SHARED_PARTITION } from './partition.js';
import type { Lane } from './priority.js';
import type { Place, Reservation } from './reservation.js';
import { bucketId, credentialId, isCredential, kindOf, REST, WHOLE_UPSTREAM, type ScopeKind } from './scope-names.js';
import type { CallScopes } from './scoped-lanes.js';
import type { WindowLimit } from './windows.js';

export interface GateSetConfig {
  /** The upstream's own limits: every call pays them. */
  readonly upstream: GateConfig;
  readonly buckets: readonly { readonly name: string; readonly windows: readonly WindowLimit[] }[];
  /** credential: the vendor limits each client credential on its own, which adds a scope for each. */
  readonly per: 'upstream' | 'credential';
  /** What one throttle pauses. */
  readonly pauseScope: ScopeKind;
}

/** Given at the start of a call: one permit of each scope that it pays. */
export interface SetPermit {
  readonly lane: Lane;
  readonly probe: boolean;
  readonly parts: readonly { readonly scope: string; readonly permit: Permit }[];
  readonly place: Place | undefined;
}

/** `scope`: how much the throttle concerns, where the vendor says it; the configuration's is never made narrower by it. */
export type SetOutcome = GateOutcome & { readonly scope?: ScopeKind | undefined };

export interface ScopedChange {
  readonly scope: string;
  readonly change: GateChange;
}

export interface ScopeState {
  readonly scope: string;
  readonly state: GateState;
}

/** The record of the upstream's scope, with those of its buckets and credentials that differ from a fresh one. */
export interface SetRecord extends ScopeRecord {
  readonly scopes?: Readonly<Record<string, ScopeRecord>>;
}

const MOST_CREDENTIALS = 1_000;
/** A record is one message of the broker. */
const MOST_RECORDED = 200;
const WIDTH: Readonly<Record<ScopeKind, number>> = { upstream: 2, bucket: 1, credential: 0 };
const WORST: Readonly<Record<GateState['kind'], number>> = { flowing: 0, ramping: 1, probing: 2, paused: 3 };
const GO: GateAdmission = { kind: 'go', probe: false };

/**
 * All limits of one upstream: its own, those of its declared buckets, and with `per: credential` one for each client credential. A bucket
 * or a credential adds a scope and never replaces one: a call leaves when every scope that it pays lets it go, and then pays all of them.
 *
 * One throttle pauses one scope: the one that the configuration names, or a wider one where the vendor says so. The other scopes of the
 * call learn nothing from it. A scope without configured windows binds nobody until it was throttled or paused for the first time.
 */
export class GateSet {
  readonly upstream: Gate;
  readonly #config: GateSetConfig;
  readonly #reservation: Reservation | undefined;
  readonly #chance: () => number;
  readonly #buckets = new Map<string, Gate>();
  /** In the order of use, the longest unused first. */
  readonly #credentials = new Map<string, Gate>();
  readonly #windowed = new Set<string>();
  readonly #scopes = new Map<string, CallScopes>();

  /** `reservation`: what is told to the next holder before it is used. Absent: nobody will take over. */
  constructor(config: GateSetConfig, chance: () => number, reservation?: Reservation) {
    this.#reservation = reservation;
    this.#config = config;
    this.#chance = chance;
    this.upstream = createGate(config.upstream, chance);
    if (config.per === 'upstream' || config.upstream.windows.length > 0) this.#windowed.add(WHOLE_UPSTREAM);
    for (const { name, windows } of config.buckets) this.#addBucket(name, windows);
    // Without it a throttle of a call that no bucket matches would have to pause the buckets as well.
    if (config.pauseScope === 'bucket') this.#addBucket(REST, []);
  }

  /** The scopes that a call pays. `bucket`: the declared one that its path matches, if any. */
  scopesOf(call: {
    readonly bucket: string | undefined;
    readonly partition: string;
    readonly cost?: number | undefined;
  }): CallScopes {
    const ids = [WHOLE_UPSTREAM];
    const bucket = bucketId(call.bucket ?? REST);
    if (this.#buckets.has(bucket)) ids.push(bucket);
    const credential = credentialId(call.partition);
    if (this.#credentials.has(credential)) ids.push(credential);
    // Calls of another price wait apart: one that needs five tokens must not stand before one that needs one, nor the other way round.
    const key = call.cost === undefined ? ids.join(' ') : `${ids.join(' ')} cost:${call.cost}`;
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const scopes = { key, ids, cost: call.cost };
    if (this.#scopes.size >= 2 * MOST_CREDENTIALS) this.#scopes.clear();
    this.#scopes.set(key, scopes);
    return scopes;
  }

  /** A client credential that the upstream did not refuse gets limits of its own; anyone can invent credentials, but not such. */
  accepted(partition: string): void {
    if (this.#config.per !== 'credential' || partition === SHARED_PARTITION) return;
    const id = credentialId(partition);
    const gate = this.#credentials.get(id) ?? createGate(this.#inner([]), this.#chance);
    this.#credentials.delete(id);
    this.#credentials.set(id, gate);
    if (this.#credentials.size <= MOST_CREDENTIALS) return;
    const [longestUnused] = this.#credentials.keys();
    if (longestUnused !== undefined) this.#credentials.delete(longestUnused);
  }

  /** Which side to ask for first: lane now, unless the background's floor is due. */
  turn(nowWaits: boolean, backgroundWaits: boolean): LaneSide {
    return this.upstream.turn(nowWaits, backgroundWaits);
  }

  admit(scopes: CallScopes, lane: Lane, nowMs: number): GateAdmission {
    const admission = this.#admitByLimits(scopes, lane, nowMs);
    if (admission.kind === 'wait') return admission;
    const reserved = this.#reservation?.allows(nowMs);
    return reserved?.kind === 'wait' ? { ...reserved, reason: 'reservation' } : admission;
  }

  #admitByLimits(scopes: CallScopes, lane: Lane, nowMs: number): GateAdmission {
    if (scopes.ids.length === 1 && this.#windowed.has(WHOLE_UPSTREAM))
      return this.upstream.admit(lane, nowMs, scopes.cost);
    let probe = false;
    let refused: Refusal | undefined;
    for (const id of scopes.ids) {
      const admission = this.#admitOne(id, { lane, cost: scopes.cost }, nowMs);
      if (admission.kind === 'wait') refused = laterOf(refused, admission);
      else probe ||= admission.probe;
    }
    return refused ?? (probe ? { kind: 'go', probe } : GO);
  }

  /** To be called right after an `admit` that said go, in the same turn of the event loop. */
  start(scopes: CallScopes, lane: Lane, nowMs: number): SetPermit {
    const parts: { scope: string; permit: Permit }[] = [];
    for (const scope of scopes.ids) {
      const gate = this.#gate(scope);
      if (gate !== undefined) parts.push({ scope, permit: gate.start(lane, nowMs, scopes.cost) });
    }
    const place = this.#reservation?.take(Math.max(...parts.map(({ permit }) => permit.cost)));
    return { lane, probe: parts.some(({ permit }) => permit.probe), parts, place };
  }

  /** The bytes of this call leave now. */
  left({ parts, place }: SetPermit, nowMs: number): void {
    if (place !== undefined) this.#reservation?.left(place);
    for (const { scope, permit } of parts) this.#gate(scope)?.left(permit, nowMs);
  }

  /** To be called exactly once for each permit. Tells what changed, scope by scope. */
  settle(permit: SetPermit, outcome: SetOutcome, nowMs: number): ScopedChange[] {
    if (permit.place !== undefined) this.#reservation?.free(permit.place);
    return this.#tell('settle', permit, outcome, nowMs);
  }

  /** As `Gate.hear`. */
  hear(permit: SetPermit, outcome: SetOutcome, nowMs: number): ScopedChange[] {
    return this.#tell('hear', permit, outcome, nowMs);
  }

  #tell(how: 'settle' | 'hear', { parts }: SetPermit, outcome: SetOutcome, nowMs: number): ScopedChange[] {
    const concerned = this.#concerned(parts, outcome);
    const changes: [string, GateChange][] = [];
    for (const { scope, permit } of parts) {
      const change = this.#gate(scope)?.[how](permit, scope === concerned ? outcome : aside(outcome), nowMs);
      if (change !== undefined) changes.push([scope, change]);
    }
    return changesOf(changes);
  }

  /** The end of the pause of a call's scopes; undefined: none of them is paused. */
  pausedUntil(scopes: CallScopes, nowMs: number): number | undefined {
    let latest: number | undefined;
    for (const id of scopes.ids) {
      const untilMs = this.#gate(id)?.pausedUntil(nowMs);
      if (untilMs !== undefined && (latest === undefined || untilMs > latest)) latest = untilMs;
    }
    return latest;
  }

  /** Background calls per second that one kind of calls can spend from here on. */
  rate(scopes: CallScopes, nowMs: number): number {
    let least = Infinity;
    for (const id of scopes.ids) {
      const gate = this.#gate(id);
      if (gate !== undefined && this.#binds(id, gate, nowMs)) least = Math.min(least, gate.rate(nowMs));
    }
    return least;
  }

  /** By hand: the whole upstream. */
  pause(untilMs: number, reason: string, nowMs: number): ScopedChange[] {
    return changesOf([[WHOLE_UPSTREAM, this.upstream.pause(untilMs, reason, nowMs)]]);
  }

  /** By hand: every pause of the upstream ends now, and probes find out whether it agrees. */
  resume(nowMs: number): ScopedChange[] {
    return changesOf([...this.#members()].map(([scope, gate]) => [scope, gate.resume(nowMs)]));
  }

  epochOf(scope: string, nowMs: number): Epoch {
    return (this.#gate(scope) ?? this.upstream).snapshot(nowMs).epoch;
  }

  /** Every scope that differs from a fresh one, the whole upstream first. */
  states(nowMs: number): ScopeState[] {
    const states: ScopeState[] = [];
    for (const [scope, gate] of this.#members()) {
      const state = gate.state(nowMs);
      if (scope === WHOLE_UPSTREAM || this.#buckets.has(scope) || state.kind !== 'flowing')
        states.push({ scope, state });
    }
    return states;
  }

  worst(nowMs: number): GateState {
    let worst = this.upstream.state(nowMs);
    for (const { state } of this.states(nowMs)) {
      const isWorse = WORST[state.kind] > WORST[worst.kind];
      const isLonger = state.kind === 'paused' && worst.kind === 'paused' && state.untilMs > worst.untilMs;
      if (isWorse || isLonger) worst = state;
    }
    return worst;
  }

  snapshot(nowMs: number): SetRecord {
    const scopes: Record<string, ScopeRecord> = {};
    let recorded = 0;
    for (const [scope, gate] of this.#members()) {
      if (scope === WHOLE_UPSTREAM || !this.#differs(scope, gate, nowMs) || recorded >= MOST_RECORDED) continue;
      scopes[scope] = gate.snapshot(nowMs);
      recorded += 1;
    }
    return { ...this.upstream.snapshot(nowMs), scopes };
  }

  restore(record: SetRecord | undefined, how: TakeOver, nowMs: number): void {
    this.upstream.restore(record, how, nowMs);
    const recorded = record?.scopes ?? {};
    for (const scope of Object.keys(recorded)) if (isCredential(scope)) this.#recall(scope);
    for (const [scope, gate] of this.#members()) {
      // A scope without windows and without a record was never used; one with windows may have been.
      const isKnown = recorded[scope] !== undefined || this.#windowed.has(scope);
      if (scope !== WHOLE_UPSTREAM && isKnown) gate.restore(recorded[scope], how, nowMs);
    }
  }

  /** Another writer's record can only raise a pause, by maximum. */
  merge(record: SetRecord, nowMs: number): ScopedChange[] {
    const changes: [string, GateChange][] = [[WHOLE_UPSTREAM, this.upstream.merge(record, nowMs)]];
    for (const [scope, inner] of Object.entries(record.scopes ?? {})) {
      const gate = this.#gate(scope);
      if (gate !== undefined) changes.push([scope, gate.merge(inner, nowMs)]);
    }
    return changesOf(changes);
  }

  #admitOne(id: string, { lane, cost }: { lane: Lane; cost: number | undefined }, nowMs: number): GateAdmission {
    const gate = this.#gate(id);
    if (gate === undefined || !this.#binds(id, gate, nowMs)) return GO;
    return gate.admit(lane, nowMs, cost);
  }

  /** Without windows nothing is known of a scope, and it must not be felt for as an unknown upstream is: call by call. */
  #binds(id: string, gate: Gate, nowMs: number): boolean {
    return this.#windowed.has(id) || gate.counters.throttles > 0 || gate.state(nowMs).kind !== 'flowing';
  }

  #concerned(parts: SetPermit['parts'], outcome: SetOutcome): string {
    const { per, pauseScope } = this.#config;
    const told = outcome.kind === 'throttled' ? outcome.scope : undefined;
    // What an answer announces of quotas concerns what the vendor limits; a throttle what the configuration has it pause.
    const configured = outcome.kind === 'answered' && per === 'credential' ? 'credential' : pauseScope;
    const wanted = told !== undefined && WIDTH[told] > WIDTH[configured] ? told : configured;
    return parts.find(({ scope }) => kindOf(scope) === wanted)?.scope ?? WHOLE_UPSTREAM;
  }

  #gate(scope: string): Gate | undefined {
    if (scope === WHOLE_UPSTREAM) return this.upstream;
    return this.#buckets.get(scope) ?? this.#credentials.get(scope);
  }

  *#members(): Iterable<[scope: string, gate: Gate]> {
    yield [WHOLE_UPSTREAM, this.upstream];
    yield* this.#buckets;
    yield* this.#credentials;
  }

  #differs(scope: string, gate: Gate, nowMs: number): boolean {
    return this.#windowed.has(scope) || gate.counters.throttles > 0 || gate.state(nowMs).kind !== 'flowing';
  }

  #addBucket(name: string, windows: readonly WindowLimit[]): void {
    this.#buckets.set(bucketId(name), createGate(this.#inner(windows), this.#chance));
    if (windows.length > 0) this.#windowed.add(bucketId(name));
  }

  #recall(scope: string): void {
    this.#credentials.set(scope, createGate(this.#inner([]), this.#chance));
  }

  /** The slots are the upstream's alone. */
  #inner(windows: readonly WindowLimit[]): GateConfig {
    return { ...this.#config.upstream, windows, concurrency: Infinity };
  }
}

type Refusal = Extract<GateAdmission, { kind: 'wait' }>;

/** What a scope learns of an answer that concerns another one: that the call has ended. */
function aside(outcome: SetOutcome): GateOutcome {
  if (outcome.kind === 'throttled') return { kind: 'abandoned' };
  return outcome.kind === 'answered' ? { kind: 'answered', cost: outcome.cost } : outcome;
}

function changesOf(changes: readonly (readonly [scope: string, change: GateChange])[]): ScopedChange[] {
  return changes.filter(([, { kind }]) => kind !== 'none').map(([scope, change]) => ({ scope, change }));
}

/** Of two refusals the one that lasts longer; one that only an event ends lasts longest. */
function laterOf(one: Refusal | undefined, other: Refusal): Refusal {
  if (one === undefined || other.untilMs === undefined) return other;
  return one.untilMs === undefined || one.untilMs >= other.untilMs ? one : other;
}

export function createGateSet(config: GateSetConfig, chance: () => number, reservation?: Reservation): GateSet {
  return new GateSet(config, chance, reservation);
}
