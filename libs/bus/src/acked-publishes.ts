import { JetStreamApiError } from '@nats-io/jetstream';
import { errors, type Msg, type MsgHdrs } from '@nats-io/nats-core';
import type { Bus } from './connection.js';

/** What is to be stored. `urgent`: somebody waits for what follows from it, so that it is not held back for company. */
export interface Outgoing {
  readonly subject: string;
  readonly payload: string;
  readonly headers: MsgHdrs | undefined;
  readonly urgent: boolean;
}

/** Called once: with undefined when it is stored, else with the error that the client would have thrown. */
export type Settle = (fault: unknown) => void;

interface Waiting {
  readonly outgoing: Outgoing;
  readonly settle: Settle;
  readonly deadlineMs: number;
}

interface PubAck {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string };
}

const SWEEP_EVERY_MS = 250;
/** A write to the socket costs both ends more than a message does. */
const GATHERING_MS = 5;
const NO_RESPONDERS = 503;
const QUOTE = '"'.charCodeAt(0);
/** What an acknowledgement begins with, and what it says where it is a refusal. */
const STORED = Buffer.from('{"stream":"');
const ERROR_KEY = Buffer.from('"error"');

/**
 * Publishes to streams and hears of each whether it was stored: one inbox for all of them, one timer for all time-outs. The client's own
 * publish makes a request of each, with a timer, a signal and an error that is hardly ever thrown, which costs several times what sending
 * does.
 *
 * As in RFC 896 (Nagle): while nothing that was sent is unacknowledged, what comes is sent at once; else it is gathered, until all is
 * acknowledged or for a few milliseconds. The order of the calls is kept. A reply subject is used again once it was answered, for the
 * server remembers where a subject leads; one that was not answered in time never is: its answer may still come.
 */
export class AckedPublishes {
  private readonly inbox: string;
  /** By reply subject, the oldest first. */
  private readonly waiting = new Map<string, Waiting>();
  private readonly replies: string[] = [];
  private gathered: string[] = [];
  private gathering: NodeJS.Timeout | undefined;
  private made = 0;

  constructor(
    private readonly bus: Bus,
    private readonly timeoutMs: number,
  ) {
    this.inbox = bus.inbox();
    bus.nc.subscribe(`${this.inbox}.*`, { callback: (_, msg) => this.heard(msg) });
    bus.onClosing(() => this.sendGathered());
    setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
  }

  publish(outgoing: Outgoing, settle: Settle): void {
    const reply = this.replies.pop() ?? `${this.inbox}.${(this.made += 1).toString(36)}`;
    const isAlone = this.waiting.size === this.gathered.length;
    this.waiting.set(reply, { outgoing, settle, deadlineMs: this.bus.clock.now() + this.timeoutMs });
    this.gathered.push(reply);
    if (outgoing.urgent || isAlone) this.sendGathered();
    else this.gathering ??= setTimeout(() => this.sendGathered(), GATHERING_MS);
  }

  /** Of what waits nothing will be heard any more, and what was only gathered is not sent. */
  giveUpAll(fault: unknown): void {
    const given = [...this.waiting.values()];
    this.waiting.clear();
    this.takeGathered();
    for (const { settle } of given) settle(fault);
  }

  private sendGathered(): void {
    for (const reply of this.takeGathered()) {
      const waiting = this.waiting.get(reply);
      if (waiting !== undefined) this.send(reply, waiting.outgoing);
    }
  }

  private takeGathered(): readonly string[] {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const taken = this.gathered;
    this.gathered = [];
    return taken;
  }

  private send(reply: string, { subject, payload, headers }: Outgoing): void {
    try {
      this.bus.nc.publish(subject, payload, headers === undefined ? { reply } : { reply, headers });
    } catch (error) {
      this.end(reply)?.settle(error);
    }
  }

  private heard(msg: Msg): void {
    const { subject: reply } = msg;
    const waiting = this.waiting.get(reply);
    if (waiting === undefined) return;
    const answer = answerOf(msg, waiting.outgoing.subject);
    if (answer === 'not-of-the-stream') return;
    this.waiting.delete(reply);
    this.replies.push(reply);
    waiting.settle(answer === 'stored' ? undefined : answer);
    if (this.gathered.length > 0 && this.waiting.size === this.gathered.length) this.sendGathered();
  }

  private end(reply: string): Waiting | undefined {
    const waiting = this.waiting.get(reply);
    this.waiting.delete(reply);
    return waiting;
  }

  /** They were put in by time, and so time out in that order. */
  private sweep(): void {
    const nowMs = this.bus.clock.now();
    for (const [reply, { deadlineMs }] of this.waiting) {
      if (deadlineMs > nowMs) return;
      this.end(reply)?.settle(new errors.TimeoutError());
    }
  }
}

/** Whoever hears an event may answer it, which says nothing of the stream. Hardly any acknowledgement tells of an error: only such are parsed. */
function answerOf(msg: Msg, subject: string): 'stored' | 'not-of-the-stream' | Error {
  const { data } = msg;
  if (data.byteLength === 0 && msg.headers?.code === NO_RESPONDERS) return noResponders(subject);
  if (isAt(data, 0, STORED) && !contains(data, ERROR_KEY)) return 'stored';
  try {
    const { error } = msg.json<PubAck>();
    return error === undefined ? 'not-of-the-stream' : new JetStreamApiError(error);
  } catch {
    return 'not-of-the-stream';
  }
}

function contains(bytes: Uint8Array, sought: Uint8Array): boolean {
  for (let at = bytes.indexOf(QUOTE); at >= 0; at = bytes.indexOf(QUOTE, at + 1))
    if (isAt(bytes, at, sought)) return true;
  return false;
}

function isAt(bytes: Uint8Array, start: number, sought: Uint8Array): boolean {
  for (let at = 0; at < sought.length; at += 1) if (bytes[start + at] !== sought[at]) return false;
  return true;
}

function noResponders(subject: string): Error {
  return new errors.RequestError(`no responders: '${subject}'`, { cause: new errors.NoRespondersError(subject) });
}
