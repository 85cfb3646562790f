import { createHash } from 'node:crypto';
import type { Msg } from '@nats-io/nats-core';
import { Bell } from './bell.js';
import {
  BodyStreamError,
  CREDIT_EVERY_MS,
  decodeDownward,
  encodeUpward,
  SILENCE_MS,
  WINDOW_CHUNKS,
  type BodyFault,
  type Downward,
  type Upward,
} from './body-wire.js';
import type { Bus } from './connection.js';

export interface BodyReceiverOptions {
  readonly bus: Bus;
  readonly id: string;
  /** What was announced, if it was. */
  readonly expected?: { readonly bytes: number; readonly hash: string };
  readonly signal?: AbortSignal;
}

/**
 * The chunks of a body, in order; ends after the end mark was found right.
 * @throws BodyStreamError as soon as it is known that the body will not be had whole: never a hang.
 */
export async function* receiveBody(options: BodyReceiverOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const receiver = new CreditedReceiver(options);
  try {
    yield* receiver.chunks();
  } finally {
    receiver.close();
  }
}

type Arrived = { readonly head: Downward; readonly body: Uint8Array };

class CreditedReceiver {
  private readonly arrived: Arrived[] = [];
  private readonly bell = new Bell();
  private fault: BodyStreamError | null = null;
  private whole = false;
  private chunksRead = 0;
  private bytesRead = 0;
  private readonly hash = createHash('sha256');
  private readonly closers: (() => void)[];

  constructor(private readonly options: BodyReceiverOptions) {
    const { bus, id, signal } = options;
    const subscription = bus.nc.subscribe(bus.subjects.body(id), { callback: (_, message) => this.heard(message) });
    const crediting = setInterval(() => this.giveCredit(), CREDIT_EVERY_MS);
    const aborted = (): void => this.fail('body_aborted', 'the receiver no longer wants the body');
    signal?.addEventListener('abort', aborted);
    this.closers = [
      () => (bus.nc.isClosed() ? undefined : subscription.unsubscribe()),
      () => clearInterval(crediting),
      () => signal?.removeEventListener('abort', aborted),
      bus.onAway(() => this.fail('bus_away', 'the connection to NATS was lost amid a body')),
    ];
    if (signal?.aborted === true) aborted();
    else if (!bus.connected()) this.fail('bus_away', 'no connection to NATS');
    else this.giveCredit();
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const { head, body } = await this.next();
      if (head.kind === 'end') return this.checkEnd(head);
      if (head.kind === 'aborted') throw new BodyStreamError('body_aborted', `the sender gave up: ${head.reason}`);
      if (head.kind === 'alive') continue;
      this.account(head.n, body);
      yield body;
      if (this.chunksRead % (WINDOW_CHUNKS / 2) === 0) this.giveCredit();
    }
  }

  close(): void {
    for (const close of this.closers) close();
    this.say({ kind: this.whole ? 'taken' : 'refused' });
  }

  private async next(): Promise<Arrived> {
    for (;;) {
      if (this.fault !== null) throw this.fault;
      const first = this.arrived.shift();
      if (first !== undefined) return first;
      if (!(await this.bell.wait(SILENCE_MS))) this.fail('body_stalled', `the sender was silent for ${SILENCE_MS} ms`);
    }
  }

  private account(n: number, body: Uint8Array): void {
    if (n !== this.chunksRead)
      throw new BodyStreamError('body_incomplete', `expected chunk ${this.chunksRead}, found chunk ${n}`);
    this.chunksRead += 1;
    this.bytesRead += body.byteLength;
    this.hash.update(body);
  }

  private checkEnd(end: Downward & { kind: 'end' }): void {
    const found = `${this.chunksRead} chunks, ${this.bytesRead} bytes`;
    if (end.chunks !== this.chunksRead || end.bytes !== this.bytesRead)
      throw new BodyStreamError('body_incomplete', `expected ${end.chunks} chunks, ${end.bytes} bytes; found ${found}`);
    const { expected = end } = this.options;
    const hash = this.hash.digest('hex');
    if (end.hash !== hash || expected.hash !== hash || expected.bytes !== this.bytesRead)
      throw new BodyStreamError('body_mismatch', `${found} are not the body that was announced`);
    this.whole = true;
  }

  private heard(message: Msg): void {
    // The server's own answer to a credit that nobody listens for.
    if (message.data.byteLength === 0 && message.headers?.code === 503)
      return this.fail('body_gone', 'nobody offers this body (any more)');
    try {
      this.arrived.push(decodeDownward(message.data));
      this.bell.ring();
    } catch (error) {
      this.fail('body_mismatch', `a chunk that is no frame: ${String(error)}`);
    }
  }

  private fail(code: BodyFault, detail: string): void {
    this.fault ??= new BodyStreamError(code, detail);
    this.bell.ring();
  }

  /** With our own subject as the reply, so that the server tells us there when nobody listens. */
  private giveCredit(): void {
    const { bus, id } = this.options;
    this.say({ kind: 'credit', upTo: this.chunksRead + WINDOW_CHUNKS }, bus.subjects.body(id));
  }

  private say(head: Upward, reply?: string): void {
    const { bus, id } = this.options;
    const options = reply === undefined ? {} : { reply };
    if (bus.connected()) bus.nc.publish(bus.subjects.bodyCredit(id), encodeUpward(head), options);
  }
}
