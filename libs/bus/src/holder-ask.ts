import { errors } from '@nats-io/nats-core';
import { decodeFrame, encodeFrame, type CallReply, type CancelMessage, type HolderRequest } from '#contracts';
import { answers, isConclusive, readReply, type Happening, type Heard } from './ask-happening.js';
import type { AskOutcome, CancelVerdict, NotSentCode, UnknownCode } from './ask-outcome.js';
import { takeBody } from './body-stream.js';
import { CarriedBody } from './carried-body.js';
import type { Bus, BusClock } from './connection.js';
import type { EnvelopeMaker } from './envelope.js';
import { takeFlowing, type FlowingBody } from './flowing-body.js';
import type { LeaseWatch } from './lease-watch.js';
import { Mailbox } from './mailbox.js';
import type { HeardReply, Replies } from './replies.js';

export interface Question {
  readonly upstream: string;
  readonly message: HolderRequest;
  readonly body: Uint8Array;
  /** Instead of it, where it is still being received: it can be sent once, and while it flows the deadline moves on. */
  readonly upload?: FlowingBody | undefined;
  /** May reach the upstream more than once. */
  readonly repeatable: boolean;
  /** For all of it: the wait until it is sent, and the answer. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface AskSurroundings {
  readonly bus: Bus;
  readonly replies: Replies;
  readonly leases: LeaseWatch;
  readonly clock: BusClock;
  readonly makeEnvelope: EnvelopeMaker;
  readonly maxBodyBytes: number;
}

const FIRST_BACK_OFF_MS = 20;
const LONGEST_BACK_OFF_MS = 250;
const CANCEL_WAIT_MS = 250;
const LONGEST_AWAY_MS = 1_000;
const LEAST_BODY_MS = 1_000;
const MOST_BODY_FAULTS = 2;
const NOTHING = new Uint8Array();

type AskState =
  | { readonly kind: 'looking'; readonly lookAtMs: number }
  | { readonly kind: 'asked'; readonly fence: number; readonly attempt: number };

/**
 * One question to whoever holds the upstream, until it has an outcome.
 *
 * - looking: no holder is being waited for. At `lookAtMs`, or when the lease moves: a holder is found → asked; the wait is over → not-sent
 *   (unknown, if an earlier attempt may have been sent).
 * - asked: the reply → outcome. "No responders" and `not-holder` truthfully mean that this attempt was not sent → looking, after a
 *   back-off. The lease moved, or the connection was lost and came back: a repeatable question → looking, at once; another is first
 *   cancelled: `cancelled` → looking; `sent` → goes on waiting; else the outcome is unknown (after a mere reconnect, silence counts as
 *   sent). The deadline or the client's leaving: cancelled too, and the verdict decides between not-sent and unknown.
 */
export class HolderAsk {
  private state: AskState = { kind: 'looking', lookAtMs: 0 };
  private attempt = 0;
  private readonly mayBeSent = new Map<number, number>();
  private backOffMs = FIRST_BACK_OFF_MS;
  private bodyFaults = 0;
  private readonly carried: CarriedBody;
  /** Of all attempts: an earlier one's answer counts too. */
  private readonly waits: (() => void)[] = [];
  private awaySinceMs: number | null;
  private readonly mail = new Mailbox<Happening>();
  private readonly startedAtMs: number;
  private readonly sendUntilMs: number;
  private deadlineAtMs: number;

  constructor(
    private readonly around: AskSurroundings,
    private readonly question: Question,
  ) {
    const { message, deadlineMs } = question;
    this.startedAtMs = around.clock.now();
    this.deadlineAtMs = this.startedAtMs + deadlineMs;
    this.sendUntilMs =
      this.startedAtMs + (message.kind === 'call' ? Math.min(deadlineMs, message.waitLeftMs) : deadlineMs);
    this.awaySinceMs = around.bus.connected() ? null : this.startedAtMs;
    const { body, upload } = question;
    const onProgress = (): void => this.uploaded();
    this.carried = new CarriedBody({ bus: around.bus, body, upload, untakenMs: deadlineMs, onProgress });
  }

  async outcome(): Promise<AskOutcome> {
    const closers = this.listen();
    try {
      for (;;) {
        const happening = await this.mail.take(this.untilNextMs());
        const outcome = await (happening === null ? this.onTime() : this.on(happening));
        if (outcome !== null) return outcome;
      }
    } finally {
      for (const close of closers) close();
      this.carried.withdraw();
      for (const end of this.waits) end();
    }
  }

  async cancel(): Promise<CancelVerdict> {
    const fence = this.state.kind === 'asked' ? this.state.fence : [...this.mayBeSent.values()].at(-1);
    const verdict = fence === undefined ? 'cancelled' : await this.cancelAt(fence);
    if (verdict === 'cancelled') this.mail.put({ kind: 'withdrawn' });
    return verdict;
  }

  private listen(): (() => void)[] {
    const { bus, leases } = this.around;
    const { signal, upstream } = this.question;
    const aborted = (): void => this.mail.put({ kind: 'aborted' });
    signal?.addEventListener('abort', aborted);
    if (signal?.aborted === true) aborted();
    return [
      () => signal?.removeEventListener('abort', aborted),
      leases.onMoved((moved) => void (moved === upstream && this.mail.put({ kind: 'moved' }))),
      bus.onAway(() => this.mail.put({ kind: 'away' })),
      bus.onReconnected(() => this.mail.put({ kind: 'reconnected' })),
    ];
  }

  private untilNextMs(): number {
    const { state } = this;
    const nextMs = state.kind === 'looking' ? Math.min(state.lookAtMs, this.sendUntilMs) : this.deadlineAtMs;
    return Math.max(0, Math.min(nextMs, this.awayUntilMs()) - this.around.clock.now());
  }

  private awayUntilMs(): number {
    return this.awaySinceMs === null ? Infinity : this.awaySinceMs + LONGEST_AWAY_MS;
  }

  private onTime(): Promise<AskOutcome | null> | AskOutcome | null {
    const nowMs = this.around.clock.now();
    if (nowMs >= this.awayUntilMs()) return this.giveUp('bus_away', 'no connection to NATS');
    if (this.state.kind === 'looking') return this.look();
    // Timers may fire a fraction of a millisecond early: whatever was waited for, it was not the deadline.
    if (nowMs < this.deadlineAtMs) return null;
    return this.endByCancel('response_timeout', 'no answer in time');
  }

  private async on(happening: Happening): Promise<AskOutcome | null> {
    switch (happening.kind) {
      case 'heard':
        return this.onReply(happening);
      case 'nobody-there':
        return this.onRefused(happening.attempt);
      case 'failed':
        if (!happening.left) this.mayBeSent.delete(happening.attempt);
        return this.giveUp('internal', happening.detail);
      case 'moved':
        return this.onMoved();
      case 'away':
        this.awaySinceMs ??= this.around.clock.now();
        return null;
      case 'reconnected':
        this.awaySinceMs = null;
        return this.onDoubt('here');
      case 'aborted':
        return this.endByCancel('cancelled', 'the asker left');
      case 'withdrawn':
        return { kind: 'not-sent', code: 'cancelled', detail: 'cancelled by the asker' };
    }
  }

  private async look(): Promise<AskOutcome | null> {
    const { bus, leases, clock } = this.around;
    if (this.carried.isSpent()) return this.giveUp('holder_away', 'the holder that had begun to take the body is gone');
    if (clock.now() >= this.sendUntilMs) return this.giveUp('holder_away', 'nobody took the call in time');
    const holder = bus.connected() ? await leases.findHolder(this.question.upstream) : null;
    if (holder !== null && bus.connected()) this.ask(holder.fence);
    else this.lookAfter(LONGEST_BACK_OFF_MS);
    return null;
  }

  private ask(fence: number): void {
    const { bus, replies } = this.around;
    this.attempt += 1;
    const { attempt } = this;
    this.state = { kind: 'asked', fence, attempt };
    this.mayBeSent.set(attempt, fence);
    const hear = (answer: HeardReply): void =>
      this.mail.put(answer.kind === 'reply' ? readReply(attempt, answer.frame) : { kind: 'nobody-there', attempt });
    try {
      this.waits.push(replies.ask(bus.subjects.call(this.question.upstream, fence), this.frame(), hear));
    } catch (error) {
      const left = !(error instanceof errors.InvalidArgumentError);
      this.mail.put({ kind: 'failed', attempt, left, detail: String(error) });
    }
  }

  private uploaded(): void {
    this.deadlineAtMs = Math.max(this.deadlineAtMs, this.around.clock.now() + this.question.deadlineMs);
  }

  /** Deadlines travel as what is left of them. */
  private frame(): Uint8Array {
    const { message, body } = this.question;
    if (message.kind !== 'call') return encodeFrame(message, body);
    const waitLeftMs = Math.max(0, Math.round(this.sendUntilMs - this.around.clock.now()));
    // No spread: Node 20 takes microseconds for each property of one.
    const put = waitLeftMs === message.waitLeftMs ? message : Object.assign({}, message, { waitLeftMs });
    return this.carried.frameOf(put);
  }

  private async onReply(heard: Heard): Promise<AskOutcome | null> {
    const { reply, attempt } = heard;
    const isCurrent = this.state.kind === 'asked' && this.state.attempt === attempt;
    if (reply.kind === 'not-holder') return this.onRefused(attempt);
    if (!isConclusive(heard) && !isCurrent) return null;
    if (reply.kind === 'cancelled') return { kind: 'not-sent', code: 'cancelled', detail: 'cancelled at the holder' };
    return this.finish(heard);
  }

  private async finish({ reply, body }: Heard): Promise<AskOutcome | null> {
    if (reply.kind === 'answered' && reply.bodyFlow !== undefined)
      return { kind: 'replied', reply, body, flow: takeFlowing(this.around.bus, reply.bodyFlow) };
    if (reply.kind !== 'answered' || reply.bodyStream === null) return { kind: 'replied', reply, body };
    const { bus, clock, maxBodyBytes: maxBytes } = this.around;
    const timeoutMs = Math.max(LEAST_BODY_MS, this.deadlineAtMs - clock.now());
    const { signal } = this.question;
    try {
      const options = { timeoutMs, maxBytes, ...(signal === undefined ? {} : { signal }) };
      return { kind: 'replied', reply, body: await takeBody(bus, reply.bodyStream, options) };
    } catch (error) {
      return this.onBodyFault(String(error));
    }
  }

  private onBodyFault(detail: string): AskOutcome | null {
    this.bodyFaults += 1;
    const askAgain = this.question.repeatable && this.bodyFaults < MOST_BODY_FAULTS;
    if (!askAgain) return { kind: 'unknown', code: 'incomplete_answer', detail };
    this.lookAfter(0);
    return null;
  }

  private onRefused(attempt: number): null {
    this.mayBeSent.delete(attempt);
    if (this.state.kind !== 'asked' || this.state.attempt !== attempt) return null;
    this.lookAfter(this.backOffMs);
    this.backOffMs = Math.min(2 * this.backOffMs, LONGEST_BACK_OFF_MS);
    return null;
  }

  private onMoved(): Promise<AskOutcome | null> {
    const { state } = this;
    const fence = this.around.leases.holderOf(this.question.upstream)?.fence ?? null;
    if (state.kind === 'looking' && fence !== null) this.lookAfter(0);
    if (state.kind === 'looking' || state.fence === fence) return Promise.resolve(null);
    return this.onDoubt('gone');
  }

  /** The reply may never come: the holder lost the lease, or we were not there to hear it. */
  private async onDoubt(holder: 'gone' | 'here'): Promise<AskOutcome | null> {
    const { state } = this;
    if (state.kind === 'looking' || this.question.repeatable) return this.lookAfter(0);
    const verdict = await this.cancelAt(state.fence);
    const answer = this.mail.pick(answers(state.attempt));
    if (answer !== null) return this.on(answer);
    if (verdict === 'cancelled') return this.askAfresh(state.attempt);
    if (verdict === 'sent' || (verdict === 'no-reply' && holder === 'here')) return null;
    return { kind: 'unknown', code: 'holder_away', detail: 'the holder that had the call is gone' };
  }

  private askAfresh(attempt: number): null {
    this.mayBeSent.delete(attempt);
    return this.lookAfter(0);
  }

  private async endByCancel(code: 'response_timeout' | 'cancelled', detail: string): Promise<AskOutcome> {
    const { state } = this;
    if (state.kind === 'looking') return this.giveUp(code === 'cancelled' ? code : 'holder_away', detail);
    const verdict = await this.cancelAt(state.fence, { isGone: true });
    const answer = this.mail.pick(answers(state.attempt));
    const outcome = answer === null ? null : await this.on(answer);
    if (outcome !== null) return outcome;
    if (verdict === 'cancelled') this.mayBeSent.delete(state.attempt);
    if (this.mayBeSent.size > 0) return { kind: 'unknown', code, detail };
    return { kind: 'not-sent', code: code === 'cancelled' ? code : 'not_sent_in_time', detail };
  }

  private giveUp(code: NotSentCode & UnknownCode, detail: string): AskOutcome {
    return { kind: this.mayBeSent.size > 0 ? 'unknown' : 'not-sent', code, detail };
  }

  private lookAfter(waitMs: number): null {
    this.state = { kind: 'looking', lookAtMs: this.around.clock.now() + waitMs };
    return null;
  }

  private async cancelAt(fence: number, how: { isGone?: true } = {}): Promise<CancelVerdict> {
    const { bus, makeEnvelope } = this.around;
    const { upstream, message } = this.question;
    if (!bus.connected()) return 'no-reply';
    const envelope = makeEnvelope({ cause: message.id, traceparent: message.traceparent });
    const cancel: CancelMessage = { ...envelope, kind: 'cancel', callId: message.id, ...how };
    try {
      const subject = bus.subjects.call(upstream, fence);
      const answer = await bus.nc.request(subject, encodeFrame(cancel, NOTHING), { timeout: CANCEL_WAIT_MS });
      const { kind } = decodeFrame<CallReply>(answer.data).head;
      return kind === 'cancelled' || kind === 'sent' || kind === 'unknown-call' ? kind : 'no-reply';
    } catch {
      // Nobody there, no answer in time, or one that cannot be read: all the same to the asker.
      return 'no-reply';
    }
  }
}
