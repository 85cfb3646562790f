import { setImmediate as afterThisTurn } from 'node:timers/promises';
import { createGateSet, createScopedLanes, maskQuery } from '#core';
import type { Fields, GateChange, GateSet, Reservation, ScopedChange, ThrottleReading, Version } from '#core';
import { openDesk } from '#bus';
import type { Bus, DeskAnswer, FlowingBody, HolderDesk, JetStreamStrategy, LeaseHeld, Publisher, Verdict } from '#bus';
import { cachePolicyOf, declareConsumers } from '#contracts';
import type { CallMessage, ControlWork, HolderRequest, UpstreamConfig } from '#contracts';
import type { Chance, Clock, Logger } from '#runtime';
import type { EntryRepository, EntryWriter, StaleMarkWriter } from '#store';
import type { Announcer } from './announcer.js';
import { AnswersService } from './answers.service.js';
import { callAsker, deskAnswerOf } from './call-asker.service.js';
import type { CompletionsService } from './completions.service.js';
import { DispatchLoop } from './dispatch-loop.service.js';
import type { DispatchMetrics } from './dispatch-metrics.js';
import { describerOf } from './description.js';
import { brokenEnd } from './flight-ends.js';
import { answeredFactsOf, factsOf, shownOf } from './fetch-facts.js';
import { FetchesService, type FetchesOptions } from './fetches.service.js';
import { isCallOnly, isWrite, type FailedEnd, type Flight } from './flight.js';
import { chargeOf, dialectOf, gateSetConfigOf } from './gate-settings.js';
import { HeadroomService } from './headroom.service.js';
import { healthOf, repetitionOf, reservationOf } from './holding-parts.js';
import { Joinable } from './joinable.js';
import { ListsService, type ListsOptions } from './lists.service.js';
import type { KnownEntries } from './known-entries.js';
import { isOvertaken } from './overtaken.js';
import { PullsService } from './pulls.service.js';
import { Recall } from './recall.js';
import { requeue } from './requeue.service.js';
import type { ScopesService } from './scopes.service.js';
import { stateOf } from './upstream-state.js';
import type { UpstreamHealth } from './upstream-health.js';
import type { UpstreamClient } from './upstream.client.js';
import { unstoredOf } from './unstored.js';
import { UrlOrdersService } from './url-orders.service.js';
import { WriteMarksService } from './write-marks.service.js';
import { WritesSent } from './writes-sent.js';

export interface HoldingOptions extends Pick<FetchesOptions, 'replies'>, Pick<ListsOptions, 'cursors'> {
  readonly config: UpstreamConfig;
  readonly fence: number;
  readonly lease: LeaseHeld;
  readonly holder: string;
  readonly credential: Fields;
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly strategy: JetStreamStrategy;
  readonly announcer: Announcer;
  readonly scopes: ScopesService;
  readonly client: UpstreamClient;
  readonly completions: CompletionsService;
  readonly known: KnownEntries;
  readonly repository: EntryRepository;
  readonly writer: EntryWriter;
  readonly staleMarks: StaleMarkWriter;
  readonly metrics: DispatchMetrics;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly logger: Logger;
  readonly mayStillSend: () => boolean;
}

const BY_HAND = 'by hand';
const TELL_STATE_EVERY_MS = 250;
const SAVE_SCOPE_EVERY_MS = 5_000;

/** One upstream for as long as this replica holds its lease: the loop, the desk for calls, the pulls for work, and what is told of it. */
export class HoldingService {
  readonly gates: GateSet;
  readonly loop: DispatchLoop;
  private readonly reservation: Reservation;
  private readonly health: UpstreamHealth;
  private readonly room: HeadroomService;
  private readonly queue = createScopedLanes<Flight>();
  private readonly joinable: Joinable;
  private readonly answers: AnswersService;
  private readonly marks: WriteMarksService;
  private readonly urlOrders: UrlOrdersService;
  private readonly recall: Recall;
  private readonly fetches: FetchesService;
  private readonly lists: ListsService;
  private readonly timers: NodeJS.Timeout[] = [];
  private desk: HolderDesk | undefined;
  private pulls: PullsService | undefined;

  constructor(private readonly options: HoldingOptions) {
    const { config, fence, clock, chance, known, completions, repository } = options;
    this.reservation = reservationOf(config, () => options.scopes.reserve());
    this.health = healthOf(config);
    this.gates = createGateSet(gateSetConfigOf(config, fence), chance, this.reservation);
    this.room = new HeadroomService(clock, () => this.gates.upstream.inFlightBackground);
    this.joinable = new Joinable(() => clock.now(), config.cache.credentialFields);
    this.loop = this.createLoop();
    this.answers = new AnswersService({
      baseUrl: config.baseUrl,
      policy: cachePolicyOf(config),
      credentialFields: config.cache.credentialFields,
      known,
      completions,
      repository,
      announcer: options.announcer,
      clock: options.clock,
      unstored: unstoredOf(config.id, options.logger),
      describe: describerOf(config, known),
      askAlone: (asker) => this.loop.askAlone(asker),
      joinable: this.joinable,
      repeatUnconditionally: (flight) => this.loop.repeatUnconditionally(flight),
    });
    this.recall = new Recall(options);
    this.fetches = new FetchesService({ ...options, loop: this.loop, answers: this.answers, recall: this.recall });
    this.lists = new ListsService({ ...options, loop: this.loop, answers: this.answers });
    const here = { upstream: config.id, joinable: this.joinable, highest: () => this.highest() };
    this.marks = new WriteMarksService({ ...options, ...here, baseUrl: config.baseUrl });
    this.urlOrders = new UrlOrdersService({ ...options, ...here });
  }

  /** Takes up what the last holder left, then opens for calls and for work. */
  async open(): Promise<void> {
    const { bus, scopes, strategy, config, fence, holder, announcer, clock, completions } = this.options;
    await scopes.open({
      lease: this.options.lease,
      gates: this.gates,
      reservation: this.reservation,
      onChanges: (changes) => this.changed(changes),
      onReserved: () => this.loop.pump(),
    });
    this.desk = openDesk({ bus, upstream: config.id, fence, handler: (...asked) => this.answer(...asked) });
    this.pulls = new PullsService({
      ...{ config, strategy, clock, completions },
      consumers: declareConsumers(bus.subjects),
      gates: this.gates,
      queue: this.queue,
      lookedFor: () => this.recall.looking,
      ordersHeld: () => this.urlOrders.waiting,
      onDead: (givenUp, lane) => this.fetches.givenUp(givenUp, lane),
    });
    this.timers.push(
      setInterval(() => this.tellState(), TELL_STATE_EVERY_MS),
      setInterval(() => void scopes.save(), SAVE_SCOPE_EVERY_MS),
    );
    this.lists.open();
    await announcer.held({ upstream: config.id, holder, fence });
  }

  /**
   * In order: nothing more is taken, what has left ends and is written, and the rest goes back to be handed to the next holder. Of a lease
   * that is lost already nothing is waited for: what is under way ends by itself, and this replica may be the next holder.
   */
  async close(how: { clean: boolean }): Promise<void> {
    const { scopes } = this.options;
    for (const timer of this.timers) clearInterval(timer);
    this.room.stop();
    this.urlOrders.close();
    this.lists.close();
    const desk = this.desk?.close();
    if (!how.clean) await this.pulls?.stop(undefined);
    if (!how.clean) void scopes.leaveLastWords(() => this.loop.inFlight());
    if (!how.clean) return this.loop.close(0);
    const landed = this.loop.close(LONGEST_FLIGHT_AT_CLOSE_MS);
    await this.pulls?.stop(landed.then(() => pause(LONGEST_LAST_WRITE_MS)));
    await landed;
    await Promise.race([desk, pause(LONGEST_LAST_ANSWER_MS)]);
    await scopes.close(this.loop.inFlight() === 0);
  }

  fetch(...[work, delivered]: Parameters<FetchesService['fetch']>): Promise<Verdict> {
    return this.fetches.fetch(work, delivered);
  }

  control(work: ControlWork): Promise<Verdict> {
    if (work.kind === 'requeue') return requeue(work, this.options);
    if ('urls' in work) return this.urlOrders.carryOut(work);
    const nowMs = this.options.clock.now();
    if (work.kind === 'pause') this.changed(this.gates.pause(nowMs + work.forMs, BY_HAND, nowMs));
    else this.changed(this.gates.resume(nowMs));
    return Promise.resolve({ kind: 'done' });
  }

  private createLoop(): DispatchLoop {
    const { config, fence, client, credential, clock, chance, known, metrics } = this.options;
    const writesSent = new WritesSent();
    return new DispatchLoop({
      ...{ fence, writesSent, client, credential, clock, chance },
      gates: this.gates,
      queue: this.queue,
      joinable: this.joinable,
      mayStillSend: () => this.options.mayStillSend() && this.reservation.covers(clock.now()),
      dialect: dialectOf(config),
      health: this.health,
      headroom: this.room.headroom,
      repetition: repetitionOf(config, writesSent),
      notModifiedCost: config.limits.notModifiedCost,
      chargeOf: (order) => chargeOf(config, order),
      isOvertaken: (flight) => isOvertaken(flight, known),
      onAnswered: (flight, answer, version) => void this.answered(flight, answer, version),
      onFailed: (flight, end) => void this.failed(flight, end),
      onChanges: (changes) => this.changed(changes),
      onSettled: (flight, outcome, throttle) => {
        metrics.settled(config.id, flight, outcome, throttle);
        if (throttle.kind === 'throttle') this.noteThrottle(throttle);
        this.pulls?.wake();
      },
    });
  }

  private async answered(...[flight, answer, version]: Parameters<AnswersService['deliver']>): Promise<void> {
    // A 5xx may have been raised after the write was done: as good as unknown.
    if (isWrite(flight) && (answer.status < 400 || answer.status >= 500)) await this.mark(flight, answer.fields);
    try {
      await this.answers.deliver(flight, answer, version);
    } catch (error) {
      this.options.logger.error({ err: error, path: flight.order.shownPath }, 'an answer could not be handed on');
      answer.flow?.drop();
      return this.failed(flight, brokenEnd(answer.status));
    }
    if (isCallOnly(flight)) await this.tellAnswered(flight, answer, version);
  }

  private async tellAnswered(...[flight, answer, version]: Parameters<AnswersService['deliver']>): Promise<void> {
    const { clock, announcer } = this.options;
    const told = { status: answer.status, version, durationMs: Math.round(clock.now() - answer.requestedAt) };
    await afterThisTurn(); // else this would be written before the client's answer is
    await announcer.answered(answeredFactsOf(shownOf(flight.order), flight.lane, flight, told), flight.id);
  }

  private async failed(flight: Flight, end: FailedEnd): Promise<void> {
    if (isWrite(flight) && end.sent) await this.mark(flight, []);
    for (const asker of flight.askers) asker.end(end, flight);
    if (!isCallOnly(flight)) return;
    const { code, detail } = end;
    await this.options.announcer.failed(
      { ...factsOf(shownOf(flight.order), flight.lane, flight), code, detail },
      flight.id,
    );
  }

  private async mark(flight: Flight, responseFields: Fields): Promise<void> {
    try {
      const { path, shownPath } = flight.order;
      await this.marks.mark({ path, shownPath, responseFields, cause: flight.askers[0]?.id ?? flight.id });
    } catch (error) {
      this.options.logger.error(
        { err: error, upstream: this.options.config.id },
        'the mark of a write could not be told',
      );
    }
  }

  private highest(): Version {
    return { fence: this.options.fence, send: this.loop.highestSend() };
  }

  private async answer(request: HolderRequest, body: Uint8Array, upload?: FlowingBody): Promise<DeskAnswer> {
    switch (request.kind) {
      case 'call':
        return this.call(request, body, upload);
      case 'cancel':
        return deskAnswerOf({ kind: this.loop.cancel(request.callId, request.isGone === true) });
      case 'mark':
        return deskAnswerOf({
          kind: 'marked',
          before: await this.marks.mark({
            path: request.path,
            shownPath: maskQuery(request.path, this.options.config.cache.credentialQuery),
            responseFields: [],
            cause: request.cause,
          }),
        });
    }
  }

  private async call(message: CallMessage, body: Uint8Array, upload?: FlowingBody): Promise<DeskAnswer> {
    if (message.lane === 'now') this.room.userAsked();
    const found = message.purpose === 'read' ? this.answers.fromStore(message.key, message.have) : undefined;
    const stored = found instanceof Promise ? await found : found;
    return new Promise((resolve) => {
      const asker = callAsker(message, body, {
        nowMs: this.options.clock.now(),
        credentialQuery: this.options.config.cache.credentialQuery,
        upload,
        resolve,
      });
      if (stored !== undefined) asker.end(stored, undefined);
      else this.loop.ask(asker);
    });
  }

  /** What was believed and what was not stands in the log: vendors change their fields without saying so. */
  private noteThrottle({ source, raw, waitMs, ignored, final }: Extract<ThrottleReading, { kind: 'throttle' }>): void {
    const { config, logger } = this.options;
    const line = { upstream: config.id, source, raw, waitMs, final, ignored };
    if (ignored.length > 0) logger.warn(line, 'a throttle told a wait that cannot be read');
    else logger.debug(line, 'a throttle');
  }

  /** What changes for a scope is kept and told; the loop looks again. */
  private changed(changes: readonly ScopedChange[]): void {
    if (changes.length === 0) return;
    void this.options.scopes.save();
    for (const { scope, change } of changes) this.tellChange(scope, change);
    this.loop.pump();
    this.tellState();
  }

  private tellChange(scope: string, change: GateChange): void {
    const { config, announcer, logger } = this.options;
    // Stragglers of one burst extend the pause by little; the live state tells that, not 63 more events.
    if (change.kind === 'paused' && (change.escalated || change.reason === BY_HAND)) this.tellPaused(scope, change);
    if (change.kind !== 'resumed') return;
    logger.info({ upstream: config.id, scope }, 'the upstream answers again; the rate climbs back');
    void announcer.resumed({ upstream: config.id, scope });
  }

  private tellPaused(scope: string, change: Extract<GateChange, { kind: 'paused' }>): void {
    const { untilMs, quotaResetAtMs, reason, escalated } = change;
    const { config, announcer, logger, clock } = this.options;
    const pausedUntil = new Date(untilMs).toISOString();
    const quotaResetAt = quotaResetAtMs === undefined ? null : new Date(quotaResetAtMs).toISOString();
    logger.warn({ upstream: config.id, scope, pausedUntil, reason, escalated }, 'the upstream is paused');
    const epoch = this.gates.epochOf(scope, clock.now());
    void announcer.paused({ upstream: config.id, scope, pausedUntil, quotaResetAt, reason, epoch });
  }

  private tellState(): void {
    const { config, holder, fence, bus, publisher, clock } = this.options;
    const state = stateOf({
      upstream: config.id,
      holder,
      fence,
      gates: this.gates,
      breaker: this.health.breakerState(clock.now()),
      queued: this.queue.depths(),
      nowMs: clock.now(),
    });
    this.options.metrics.state(state);
    publisher.publishCore(bus.subjects.state(config.id), state);
    this.pulls?.wake();
  }
}

const LONGEST_FLIGHT_AT_CLOSE_MS = 5_000;
/** What has landed is gathered, committed and told. */
const LONGEST_LAST_WRITE_MS = 500;
/** A write's answer may have to wait for a cache-api that does not hear us. */
const LONGEST_LAST_ANSWER_MS = 1_000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
