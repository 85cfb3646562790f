import type { FlowingBody } from '#bus';

/** What an answer's body is read from. */
export interface Tap {
  /** The upstream may go on sending. */
  resume(): void;
  /** Nobody wants the rest: the exchange ends, wherever it is. */
  close(): void;
}

/** What may wait here for a reader, beyond what was gathered before: then the upstream's socket is not read any more. */
const MOST_WAITING_BYTES = 256 * 1024;

/**
 * The body of an answer that is too large to be kept, from the upstream's socket to whoever reads it, at the reader's pace.
 *
 * - open: pieces come and are read. `finish` → finished, `fail` → broken, `drop` → broken, and the exchange is ended.
 * - finished: what waits is still read, then the body has ended well.
 * - broken: the next read throws; what waits is thrown away, so that nobody takes it for the whole.
 */
export class AnswerFlow implements FlowingBody {
  /** When the exchange is over, however it ended: its slot is free. */
  readonly over: Promise<void>;
  private isOver: () => void = () => undefined;
  private state: { readonly kind: 'open' | 'finished' } | { readonly kind: 'broken'; readonly error: Error } = {
    kind: 'open',
  };
  private waitingBytes: number;
  private touched = false;
  private wake: (() => void) | undefined;

  constructor(
    readonly bytes: number | null,
    private waiting: Uint8Array[],
    private readonly tap: Tap,
  ) {
    this.waitingBytes = waiting.reduce((bytes, piece) => bytes + piece.byteLength, 0);
    this.over = new Promise((resolve) => (this.isOver = resolve));
  }

  /** @returns whether the upstream may send more. */
  push(piece: Uint8Array): boolean {
    if (this.state.kind === 'broken') return true;
    this.waiting.push(piece);
    this.waitingBytes += piece.byteLength;
    this.wake?.();
    return this.isWanting();
  }

  /** Where it is not, the upstream waits for the reader. */
  isWanting(): boolean {
    return this.waitingBytes < MOST_WAITING_BYTES;
  }

  finish(): void {
    this.end({ kind: 'finished' });
  }

  fail(error: Error): void {
    this.end({ kind: 'broken', error });
  }

  isTouched(): boolean {
    return this.touched;
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    this.touched = true;
    try {
      for (;;) {
        if (this.state.kind === 'broken') throw this.state.error;
        const piece = this.waiting.shift();
        if (piece !== undefined) yield this.taken(piece);
        else if (this.state.kind === 'finished') return;
        else await new Promise<void>((resolve) => (this.wake = resolve));
      }
    } finally {
      this.drop();
    }
  }

  drop(): void {
    if (this.state.kind !== 'open') return;
    this.fail(new Error('nobody reads the answer any more'));
    this.tap.close();
  }

  private taken(piece: Uint8Array): Uint8Array {
    const wasWanting = this.isWanting();
    this.waitingBytes -= piece.byteLength;
    if (!wasWanting && this.isWanting() && this.state.kind === 'open') this.tap.resume();
    return piece;
  }

  private end(state: typeof this.state): void {
    if (this.state.kind !== 'open') return;
    this.state = state;
    if (state.kind === 'broken') this.waiting = [];
    this.isOver();
    this.wake?.();
  }
}
