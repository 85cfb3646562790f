import { fieldsFromRaw, fieldValue } from '#core';
import type { Fields } from '#core';
import type { FlowingBody } from '#bus';
import { AttemptError } from '../fetch-outcome.js';
import { AnswerFlow } from './answer-flow.js';

/** What came back, as it came: an object of the fields would lose their order and repetitions. */
export interface Exchanged {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** Instead of it, where it is larger than is kept: what is there of it, and the rest as it comes. */
  readonly flow: AnswerFlow | undefined;
}

export interface ExchangeLimits {
  readonly responseTimeoutMs: number;
  /** For all of a body that is kept; of one that flows, for each wait for its next piece. */
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
  /** Asked once the answer proves too large to be kept: whether someone takes it as it comes. Else it ends there. */
  takesFlow(): boolean;
}

type Abort = (error?: Error) => void;

/**
 * One request and its answer, as undici tells of them, in order: `onConnect` when there is a connection and the request is about to be
 * written; `onResponseStarted` at the first byte; `onHeaders` for each head, interim ones included; `onData` for each piece of the body;
 * then `onComplete`; or at any time `onError`, which is the last. undici's own `request` makes two streams and a signal for the same.
 *
 * - gathering: pieces are kept until the answer is whole. Left when they, or the length that was announced, are more than is kept: then
 *   it ends, or, where someone takes it so, it is flowing.
 * - flowing: `ended` has told the head; each piece goes to whoever reads, and the socket is read no faster than that one reads.
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
  #flow: AnswerFlow | undefined;
  #resume: () => void = () => undefined;
  #upload: FlowingBody | undefined;

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
    this.#endUpload();
    this.#abort?.(this.#refusal);
    // undici does not end at once what still waits for a connection.
    this.#reject(this.#refusal);
  }

  onConnect(abort: Abort): void {
    // What was taken back while it waited for a connection is undici's to drop only now.
    const refusal = this.#refusal ?? this.sender.refusal();
    if (refusal !== undefined) return abort(refusal);
    this.#abort = abort;
    // With a body that flows, its head is written with the first piece.
    if (this.#upload === undefined) this.sender.left();
    this.#within(this.limits.responseTimeoutMs, 'UND_ERR_HEADERS_TIMEOUT');
  }

  /** The body of the request, from its client's pace to that of the upstream. */
  async *sending(upload: FlowingBody): AsyncGenerator<Uint8Array, void, undefined> {
    let isFirst = true;
    try {
      for await (const piece of upload.read()) {
        if (isFirst) this.#leave();
        isFirst = false;
        this.#whileSending(this.limits.bodyTimeoutMs, 'PENSTOCK_BODY_TIMEOUT');
        yield piece;
        this.#whileSending(this.limits.bodyTimeoutMs + CLIENT_SLACK_MS, 'PENSTOCK_BODY_TIMEOUT');
      }
    } catch (error) {
      throw error instanceof AttemptError ? error : (this.#refusal ?? new AttemptError('PENSTOCK_UPLOAD_BROKE'));
    }
    this.#whileSending(this.limits.responseTimeoutMs, 'UND_ERR_HEADERS_TIMEOUT');
  }

  /** Its end, however it ends, is that of the body which is still being sent. */
  uploads(upload: FlowingBody): void {
    this.#upload = upload;
  }

  onResponseStarted(): void {
    this.sender.answers();
  }

  onHeaders(status: number, raw: readonly Uint8Array[], resume: () => void): boolean {
    // RFC 9110 15.2: interim, "before sending a final response".
    if (status < 200) return true;
    this.#status = status;
    this.#fields = fieldsFromRaw(raw.map(latin1));
    if (isCodedOnTheWay(this.#fields)) this.refuse(new AttemptError('PENSTOCK_TRANSFER_CODING'));
    this.#resume = resume;
    this.#within(this.limits.bodyTimeoutMs, 'PENSTOCK_BODY_TIMEOUT');
    return true;
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#flow !== undefined) return this.#flows(this.#flow, chunk);
    // Only with a first byte: the Content-Length of an answer to HEAD, or of a 304, is that of no body that comes.
    const announced = this.#bytes === 0 ? contentLengthOf(this.#fields) : null;
    this.#bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    if (this.#bytes <= this.limits.maxBodyBytes && (announced ?? 0) <= this.limits.maxBodyBytes) return true;
    if (this.sender.takesFlow()) return this.#beginFlow();
    this.refuse(new AttemptError('PENSTOCK_TOO_LARGE'));
    return true;
  }

  onComplete(): void {
    this.#end();
    this.#endUpload();
    if (this.#flow !== undefined) return this.#flow.finish();
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, fields: this.#fields, body, flow: undefined });
  }

  onError(error: Error): void {
    if (this.#isWholeWithoutBody(error)) return this.onComplete();
    this.#end();
    this.#endUpload();
    this.#flow?.fail(this.#refusal ?? error);
    this.#reject(this.#refusal ?? error);
  }

  /** RFC 9112 6.3: a 204 or 304 ends with its header section, whatever Content-Length says; undici takes that for a body which is missing. */
  #isWholeWithoutBody(error: Error): boolean {
    if ((this.#status !== 204 && this.#status !== 304) || this.#refusal !== undefined) return false;
    return this.#bytes === 0 && 'code' in error && error.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
  }

  /** One of which nothing was taken can be sent another time. */
  #endUpload(): void {
    if (this.#upload?.isTouched() === true) this.#upload.drop();
  }

  /** Between the connection and the first piece of a body that flows there may be a stall too. */
  #leave(): void {
    const refusal = this.sender.refusal();
    if (refusal !== undefined) throw refusal;
    this.sender.left();
  }

  /** Once there is an answer, it is what counts. */
  #whileSending(ms: number, code: 'UND_ERR_HEADERS_TIMEOUT' | 'PENSTOCK_BODY_TIMEOUT'): void {
    if (this.#status === 0 && this.#refusal === undefined) this.#within(ms, code);
  }

  #beginFlow(): boolean {
    const flow = new AnswerFlow(contentLengthOf(this.#fields), this.#chunks, {
      resume: () => {
        this.#within(this.limits.bodyTimeoutMs, 'PENSTOCK_BODY_TIMEOUT');
        this.#resume();
      },
      close: () => this.refuse(new AttemptError('PENSTOCK_TAKEN_BACK')),
    });
    this.#flow = flow;
    this.#chunks = [];
    this.#resolve({ status: this.#status, fields: this.#fields, body: NOTHING, flow });
    return this.#paced(flow.isWanting());
  }

  #flows(flow: AnswerFlow, chunk: Uint8Array): boolean {
    return this.#paced(flow.push(chunk));
  }

  /** While the reader is what takes its time, the upstream has all of it. */
  #paced(isWanting: boolean): boolean {
    if (isWanting) this.#within(this.limits.bodyTimeoutMs, 'PENSTOCK_BODY_TIMEOUT');
    else this.#end();
    return isWanting;
  }

  #within(ms: number, code: 'UND_ERR_HEADERS_TIMEOUT' | 'PENSTOCK_BODY_TIMEOUT'): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refuse(new AttemptError(code)), ms);
  }

  #end(): void {
    clearTimeout(this.#timer);
  }
}

const NOTHING = new Uint8Array(0);
/** Whoever receives from the client ends it first, and knows better why. */
const CLIENT_SLACK_MS = 5_000;

function contentLengthOf(fields: Fields): number | null {
  const value = fieldValue(fields, 'content-length');
  // RFC 9110 8.6: digits; undici's parser has refused what differs from the body.
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}

/** undici gives the bytes of names and values in turns; octets beyond ASCII stay what they are (RFC 9110 5.5). */
function latin1(bytes: Uint8Array): string {
  return (bytes as Buffer).toString('latin1');
}

/** RFC 9112 7.4: without TE nobody may use another transfer coding; passed on, its bytes would be taken for the content. */
function isCodedOnTheWay(fields: Fields): boolean {
  const coding = fieldValue(fields, 'transfer-encoding');
  return coding !== undefined && coding.trim().toLowerCase() !== 'chunked';
}
