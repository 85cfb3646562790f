import { fieldsFromRaw } from '#core';
import type { Fields } from '#core';
import { AttemptError } from '../fetch-outcome.js';

/** What came back, as it came: an object of the fields would lose their order and repetitions. */
export interface Exchanged {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array;
}

export interface ExchangeLimits {
  readonly responseTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly maxBodyBytes: number;
}

/** Whoever sends it. */
export interface Sender {
  /** Asked in the very tick in which the call is written; an error instead of it keeps it here. */
  refusal(): Error | undefined;
  /** Its bytes are being written. */
  left(): void;
  /** A first byte of an answer came. */
  answers(): void;
}

type Abort = (error?: Error) => void;

/**
 * One request and its answer, as undici tells of them, in order: `onConnect` when there is a connection and the request is about to be
 * written; `onResponseStarted` at the first byte; `onHeaders` for each head, interim ones included; `onData` for each piece of the body;
 * then `onComplete`; or at any time `onError`, which is the last. undici's own `request` makes two streams and a signal for the same.
 */
export class Exchange {
  readonly ended: Promise<Exchanged>;
  #resolve: (exchanged: Exchanged) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #abort: Abort | undefined;
  #refusal: Error | undefined;
  #timer: NodeJS.Timeout | undefined;
  #status = 0;
  #fields: Fields = [];
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(
    private readonly sender: Sender,
    private readonly limits: ExchangeLimits,
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Ends it from our side: closes its connection if it has one. The first reason counts. */
  refuse(refusal: Error): void {
    this.#refusal ??= refusal;
    this.#end();
    this.#abort?.(this.#refusal);
    // undici does not end at once what still waits for a connection.
    this.#reject(this.#refusal);
  }

  onConnect(abort: Abort): void {
    // What was taken back while it waited for a connection is undici's to drop only now.
    const refusal = this.#refusal ?? this.sender.refusal();
    if (refusal !== undefined) return abort(refusal);
    this.#abort = abort;
    this.sender.left();
    this.#within(this.limits.responseTimeoutMs, 'UND_ERR_HEADERS_TIMEOUT');
  }

  onResponseStarted(): void {
    this.sender.answers();
  }

  onHeaders(status: number, raw: readonly Uint8Array[]): boolean {
    // RFC 9110 15.2: interim, "before sending a final response".
    if (status < 200) return true;
    this.#status = status;
    this.#fields = fieldsFromRaw(raw.map(latin1));
    this.#within(this.limits.bodyTimeoutMs, 'PENSTOCK_BODY_TIMEOUT');
    return true;
  }

  onData(chunk: Uint8Array): boolean {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.limits.maxBodyBytes) this.refuse(new AttemptError('PENSTOCK_TOO_LARGE'));
    else this.#chunks.push(chunk);
    return true;
  }

  onComplete(): void {
    this.#end();
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, fields: this.#fields, body });
  }

  onError(error: Error): void {
    this.#end();
    this.#reject(this.#refusal ?? error);
  }

  #within(ms: number, code: 'UND_ERR_HEADERS_TIMEOUT' | 'PENSTOCK_BODY_TIMEOUT'): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refuse(new AttemptError(code)), ms);
  }

  #end(): void {
    clearTimeout(this.#timer);
  }
}

/** undici gives the bytes of names and values in turns; octets beyond ASCII stay what they are (RFC 9110 5.5). */
function latin1(bytes: Uint8Array): string {
  return (bytes as Buffer).toString('latin1');
}
