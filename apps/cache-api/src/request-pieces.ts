import type { IncomingMessage } from 'node:http';

/** The client was silent for too long amid its body. */
export class BodyStalled extends Error {
  override readonly name = 'BodyStalled';
  readonly code = 'request_timeout';
}

/** The client went away amid its body, or nobody wants the rest of it. */
export class BodyBroken extends Error {
  override readonly name = 'BodyBroken';
  readonly code = 'request_incomplete';
}

/** The body of a request, piece by piece, no faster than it is asked for. Its iterator could not be left while it waits for a piece. */
export class RequestPieces {
  private readonly waiting: Buffer[] = [];
  private state: 'open' | 'ended' | Error = 'open';
  private wake: (() => void) | undefined;
  constructor(private readonly request: IncomingMessage) {
    request.pause();
    // What comes after the end changes nothing.
    request.on('data', this.came).on('end', this.ended).on('close', this.broke).on('error', this.broke);
  }

  /**
   * Null after the last.
   * @throws BodyStalled, BodyBroken
   */
  async next(longestMs: number): Promise<Buffer | null> {
    for (;;) {
      const piece = this.waiting.shift();
      if (piece !== undefined) return piece;
      if (this.state === 'ended') return null;
      if (this.state instanceof Error) throw this.state;
      if (!(await this.more(longestMs))) throw new BodyStalled(`the client sent nothing for ${longestMs} ms`);
    }
  }

  /** Nothing more is read here: a wait for the next piece ends. */
  stop(why?: Error): void {
    // An error that nobody listens for would end the process: that listener stays.
    this.request.off('data', this.came).off('end', this.ended);
    this.over(why ?? new BodyBroken('nobody wants the rest of the body'));
  }

  private more(longestMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), longestMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.request.resume();
    });
  }

  private readonly came = (piece: Buffer): void => {
    this.request.pause();
    this.waiting.push(piece);
    this.wake?.();
  };

  private readonly ended = (): void => this.over('ended');

  private readonly broke = (): void => this.over(new BodyBroken('the body of the request broke off'));

  private over(state: 'ended' | Error): void {
    if (this.state === 'open') this.state = state;
    this.wake?.();
  }
}
