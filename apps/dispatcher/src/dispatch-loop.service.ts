import { chargedFor, type LaneGroup, type LaneSide, type SetPermit, type Version } from '#core';
import type { FetchOutcome } from './fetch-outcome.js';
import { AskerPlaces } from './asker-places.js';
import { noteAttempt } from './attempts.js';
import { crowdedEnd, failedEnd, lateEnd, pausedEnd, refusedEnd } from './flight-ends.js';
import { createFlight, earlier, earliestDeadline, isMoreUrgent, isSpent, isWrite } from './flight.js';
import type { Asker, FailedEnd, Flight, FlightEnd } from './flight.js';
import { Flows } from './flows.js';
import { leaveSent, takeBackOf } from './leaving.js';
import { LoopTimer } from './loop-timer.js';
import type { Answered, LoopOptions } from './loop-options.js';
import { isAccepted, readOutcome } from './outcome-reading.js';
import { bestToProbeWith } from './probe-choice.js';
import { sentFields } from './sent-fields.js';
import type { HealthAdmission } from './upstream-health.js';

/**
 * The one loop of an upstream: who goes next, and what becomes of it. Everything that is to be sent waits here, retries and throttled
 * calls included, so that there is one order and one limit. It sleeps until the gate, a back-off or a deadline says otherwise.
 */
export class DispatchLoop {
  private sends = 0;
  private nextId = 0;
  private isClosed = false;
  private readonly timer: LoopTimer;
  private pumping = false;
  private readonly sent = new Set<Flight>();
  private readonly flows = new Flows();
  private readonly places = new AskerPlaces();

  constructor(private readonly options: LoopOptions) {
    this.timer = new LoopTimer(options.clock, () => this.pump());
  }

  /**
   * Joins a flight of the same key, or queues one. Whoever would only learn later that it is too late is told at once. A call that is
   * asked again under its id joins the flight that it has, also where others could not.
   */
  ask(asking: Asker): void {
    const nowMs = this.options.clock.now();
    const asker = this.places.follow(asking);
    const flight = this.flightOf(asker, nowMs);
    if (this.isClosed) return asker.end({ kind: 'handed-over' }, flight);
    const joined = this.places.of(asker.id) ?? this.options.joinable.find(asker);
    const { scopes } = joined ?? flight;
    const pausedUntilMs = joined?.state.kind === 'sent' ? undefined : this.options.gates.pausedUntil(scopes, nowMs);
    if (pausedUntilMs !== undefined && asker.deadlineMs < pausedUntilMs + PROBE_TAKES_MS)
      return asker.end(pausedEnd(flight, pausedUntilMs), flight);
    if (joined !== undefined) return this.join(joined, asker);
    if (asker.wantsBody && this.options.queue.size >= MOST_WAITING) return asker.end(crowdedEnd(), flight);
    this.options.joinable.offer(flight);
    this.enqueue(flight, asker);
  }

  /** A flight of its own, for one whose answer could not be shared with others. */
  askAlone(asker: Asker): void {
    const flight = this.flightOf(asker, this.options.clock.now());
    this.enqueue(flight, asker);
  }

  /** The asker leaves. Its place is free at once, unless the call has left; `isGone`: then it does not go on waiting either. */
  cancel(askerId: string, isGone: boolean): 'cancelled' | 'sent' | 'unknown-call' {
    const flight = this.places.of(askerId);
    if (flight === undefined) return 'unknown-call';
    if (!this.options.queue.has(flight.id)) {
      if (isGone && !isWrite(flight)) leaveSent(flight, askerId, this.options.joinable);
      return 'sent';
    }
    this.options.queue.remove(flight.id);
    const leaving = flight.askers.filter((asker) => asker.id === askerId);
    this.keepOthers(flight, leaving);
    for (const asker of leaving) asker.end({ kind: 'cancelled' }, flight);
    return 'cancelled';
  }

  /** Puts a flight back to be sent again without validators: the stored entry was not the one that they speak of. */
  repeatUnconditionally(flight: Flight): void {
    flight.unconditional = true;
    this.wait(flight, undefined);
  }

  /** The highest send number given out. */
  highestSend(): number {
    return this.sends;
  }

  inFlight(): number {
    return this.sent.size + this.flows.size;
  }

  /** Nothing new leaves; what waits is told so; resolves when what has left has ended. */
  async close(withinMs: number): Promise<void> {
    this.isClosed = true;
    this.timer.stop();
    for (const flight of this.options.queue.drain()) {
      this.endAll(flight, flight.askers, { kind: 'handed-over' });
    }
    const until = this.options.clock.now() + withinMs;
    while (this.inFlight() > 0 && this.options.clock.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Sends what may be sent. Cheap to call too often. */
  pump(): void {
    if (this.pumping || this.isClosed || this.isYielding()) return;
    this.pumping = true;
    try {
      let untilMs: number | undefined | 'again' = 'again';
      for (let left = this.timer.stepsInOneTurn(); untilMs === 'again' && left > 0; left -= 1) untilMs = this.step();
      if (untilMs === 'again') this.timer.afterOthers();
      else this.timer.at(earlier(untilMs, this.options.queue.nextEventAt()));
    } finally {
      this.pumping = false;
    }
  }

  /** A batch that came at once leaves in several turns; whoever came meanwhile for a user does not wait for them. */
  private isYielding(): boolean {
    return this.timer.isYielding && !this.options.queue.waits('now', this.options.clock.now());
  }

  /** One decision: `again` while there may be more to do, else the time at which the gate would decide otherwise. */
  private step(): 'again' | number | undefined {
    const { gates, queue, clock } = this.options;
    const nowMs = clock.now();
    for (const group of queue.groups()) this.endExpired(group, nowMs);
    const first = gates.turn(queue.waits('now', nowMs), queue.waits('background', nowMs));
    const one = this.stepSide(first, nowMs);
    if (one === 'again') return one;
    const other = this.stepSide(first === 'now' ? 'background' : 'now', nowMs);
    return other === 'again' ? other : earlier(one, other);
  }

  /** What one set of limits holds back does not stand before what another lets go. */
  private stepSide(side: LaneSide, nowMs: number): 'again' | number | undefined {
    let untilMs: number | undefined;
    for (const group of this.options.queue.ready(side, nowMs)) {
      const step = this.stepGroup(group, side, nowMs);
      if (step === 'again') return step;
      untilMs = earlier(untilMs, step);
    }
    return untilMs;
  }

  private stepGroup(group: LaneGroup<Flight>, side: LaneSide, nowMs: number): 'again' | number | undefined {
    const { gates, queue } = this.options;
    const next = group.queue.peek(side, nowMs);
    if (next === undefined) return undefined;
    if (this.options.isOvertaken(next)) return this.drop(next);
    // A call that ends will change it.
    if (next.lane !== 'now' && gates.upstream.inFlightBackground >= this.options.headroom.most) return undefined;
    const admission = gates.admit(group.scopes, next.lane, nowMs);
    if (admission.kind === 'wait') return admission.untilMs;
    const { probe } = admission;
    const healthy = this.options.health.admit({ lane: next.lane, probe, chance: this.options.chance() }, nowMs);
    if (healthy.kind === 'wait') return healthy.untilMs;
    if (healthy.kind === 'refuse') return this.refuse(next, healthy);
    const flight = probe ? bestToProbeWith(group, side, nowMs) : next;
    if (!this.options.mayStillSend()) return undefined;
    queue.remove(flight.id);
    this.send(flight, gates.start(flight.scopes, flight.lane, nowMs), nowMs);
    return 'again';
  }

  private drop(flight: Flight): 'again' {
    this.options.queue.remove(flight.id);
    this.endAll(flight, flight.askers, { kind: 'dropped', reason: 'overtaken' });
    return 'again';
  }

  private refuse(flight: Flight, { code, resumeAtMs }: Extract<HealthAdmission, { kind: 'refuse' }>): 'again' {
    this.options.queue.remove(flight.id);
    this.fail(flight, refusedEnd(flight, code, resumeAtMs));
    return 'again';
  }

  private send(flight: Flight, permit: SetPermit, nowMs: number): void {
    const { fence, client, repetition, writesSent } = this.options;
    this.sends += 1;
    const version = { fence, send: this.sends };
    const takeBack = takeBackOf(flight.order);
    flight.state = { kind: 'sent', version, takeBack };
    flight.notBeforeMs = undefined;
    flight.firstSentAtMs ??= nowMs;
    flight.sentAtMs = nowMs;
    flight.firstSend ??= this.sends;
    repetition.sent(flight, nowMs);
    this.options.health.sent(nowMs);
    if (isWrite(flight)) writesSent.note(flight.order.urlHash, flight.id, this.sends);
    this.sent.add(flight);
    const { method, path, body, upload } = flight.order;
    void client
      .send({
        method,
        path,
        fields: sentFields(flight, this.options.credential),
        body,
        upload,
        takesFlow: () => flight.askers.some((asker) => asker.wantsBody),
        mayLeave: () => this.leaves(permit),
        ...(takeBack && { signal: takeBack.signal }),
      })
      .then((outcome) => this.settle(flight, permit, version, outcome));
  }

  /** Called when there is a connection and the bytes are about to be written. */
  private leaves(permit: SetPermit): boolean {
    if (!this.options.mayStillSend()) return false;
    this.options.gates.left(permit, this.options.clock.now());
    return true;
  }

  private settle(flight: Flight, permit: SetPermit, version: Version, outcome: FetchOutcome): void {
    this.sent.delete(flight);
    const nowMs = this.options.clock.now();
    noteAttempt(flight, outcome, nowMs);
    const reading = readOutcome(outcome, this.options, nowMs);
    const { gate, throttle, sign } = reading;
    flight.charged = chargedFor(permit, gate);
    const flow = outcome.kind === 'answered' ? outcome.flow : undefined;
    const changes = this.options.gates[flow === undefined ? 'settle' : 'hear'](permit, gate, nowMs);
    if (flow !== undefined) this.flows.keep(flow, () => this.flowed(permit));
    this.options.health.ended(sign, nowMs);
    this.options.onSettled(flight, outcome, throttle);
    if (outcome.kind === 'answered') flight.lastStatus = outcome.status;
    if (isAccepted(outcome, reading)) this.options.gates.accepted(flight.order.partition);
    if (throttle.kind === 'throttle' && outcome.kind === 'answered')
      this.throttled(flight, outcome, { version, wasProbe: permit.probe, nowMs });
    else this.ended(flight, outcome, version, nowMs);
    if (changes.length > 0) this.options.onChanges(changes);
    this.pump();
  }

  private flowed(permit: SetPermit): void {
    this.options.gates.settle(permit, { kind: 'abandoned' }, this.options.clock.now());
    this.pump();
  }

  /** Held, and sent again at the head of its lane; spends `throttles`, not `attempts`. What may not be held goes back as it came. */
  private throttled(
    flight: Flight,
    answer: Answered,
    { version, ...at }: { version: Version; wasProbe: boolean; nowMs: number },
  ): void {
    flight.throttles += 1;
    if (this.options.repetition.mayHoldThrottled(flight, at)) this.wait(flight, undefined, answer);
    else this.deliver(flight, answer, version);
  }

  private ended(flight: Flight, outcome: FetchOutcome, version: Version, nowMs: number): void {
    // Not written after all, since the lease had run out: no attempt, and whoever holds the upstream then has it.
    if (outcome.kind === 'failed' && outcome.code === 'holder_away' && !isSpent(flight))
      return this.wait(flight, nowMs + NOT_LEFT_MS);
    flight.attempts += 1;
    const { repetition, gates, chance } = this.options;
    const permittedPerSecond = gates.upstream.rate(nowMs);
    const retry = repetition.after(flight, outcome, { nowMs, chance: chance(), permittedPerSecond });
    if (retry?.kind === 'retry') {
      flight.previousDelayMs = retry.delayMs;
      return this.wait(flight, retry.atMs, outcome);
    }
    if (retry !== undefined && retry.reason !== 'not-configured') flight.givenUp = retry.reason;
    if (outcome.kind === 'answered') this.deliver(flight, outcome, version);
    else this.fail(flight, failedEnd(flight, outcome));
  }

  private wait(flight: Flight, notBeforeMs: number | undefined, unwanted?: FetchOutcome): void {
    if (unwanted?.kind === 'answered') unwanted.flow?.drop();
    if (this.isClosed) return this.endAll(flight, flight.askers, { kind: 'handed-over' });
    flight.state = { kind: 'waiting' };
    flight.notBeforeMs = notBeforeMs;
    // Whoever joined while it was on its way waits by its own deadline now.
    flight.deadlineMs = earliestDeadline(flight.askers);
    this.options.queue.putBack(flight);
    this.pump();
  }

  private deliver(flight: Flight, answer: Answered, version: Version): void {
    this.options.joinable.withdraw(flight);
    this.options.onAnswered(flight, answer, version);
  }

  private fail(flight: Flight, end: FailedEnd): void {
    this.options.joinable.withdraw(flight);
    this.options.onFailed(flight, end);
  }

  private flightOf(asker: Asker, nowMs: number): Flight {
    const { partition } = asker.order;
    const { bucket, cost } = this.options.chargeOf(asker.order);
    const scopes = this.options.gates.scopesOf({ bucket, cost, partition });
    return createFlight(`f${(this.nextId += 1)}`, { asker, scopes, nowMs });
  }

  private enqueue(flight: Flight, asker: Asker): void {
    if (asker.lane === 'now') this.timer.userAsked();
    this.places.put(asker.id, flight);
    this.options.queue.push(flight);
    this.pump();
  }

  private join(flight: Flight, asker: Asker): void {
    const { queue } = this.options;
    flight.askers.push(asker);
    this.places.put(asker.id, flight);
    if (isMoreUrgent(asker.lane, flight.lane) && !queue.promote(flight.id, asker.lane)) flight.lane = asker.lane;
    if (flight.state.kind === 'waiting') this.requeue(flight);
    this.pump();
  }

  /**
   * Ends the waits that are over: nothing leaves before the end of a pause, so whoever cannot wait so long is told now. A flight that
   * others still want stays in its place.
   */
  private endExpired(group: LaneGroup<Flight>, nowMs: number): void {
    const pausedUntilMs = this.options.gates.pausedUntil(group.scopes, nowMs);
    const byMs = pausedUntilMs === undefined ? nowMs : pausedUntilMs + PROBE_TAKES_MS;
    const code = pausedUntilMs === undefined ? 'not_sent_in_time' : 'paused';
    for (const flight of this.options.queue.expired(group, byMs)) {
      const late = flight.askers.filter((asker) => asker.deadlineMs <= byMs);
      this.keepOthers(flight, late);
      this.endAll(flight, late, lateEnd(flight, code, pausedUntilMs ?? byMs));
    }
  }

  private keepOthers(flight: Flight, leaving: readonly Asker[]): void {
    flight.askers = flight.askers.filter((asker) => !leaving.includes(asker));
    if (flight.askers.length === 0) this.options.joinable.withdraw(flight);
    else this.requeue(flight);
  }

  /** The queue reads deadline and back-off when it takes a flight in. */
  private requeue(flight: Flight): void {
    flight.deadlineMs = earliestDeadline(flight.askers);
    this.options.queue.remove(flight.id);
    this.options.queue.push(flight);
  }

  private endAll(flight: Flight, askers: readonly Asker[], end: FlightEnd): void {
    if (flight.askers.length === askers.length) this.options.joinable.withdraw(flight);
    for (const asker of askers) asker.end(end, flight);
  }
}

/** After a pause everyone waits for one probe's answer: whose wait ends before that would be told only then. */
const PROBE_TAKES_MS = 300;
/** Calls that wait for one upstream: beyond this a client is told at once instead of a memory that grows. */
const MOST_WAITING = 20_000;
/** What was not written costs its connection: asked again at once, an overloaded process would do nothing but connect. */
const NOT_LEFT_MS = 50;
