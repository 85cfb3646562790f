import { encodeFrame, INLINE_BODY_BYTES, type CallMessage } from '#contracts';
import { offerBody } from './body-stream.js';
import type { BodySender } from './body-sender.js';
import type { Bus } from './connection.js';
import { passOn, type FlowingBody } from './flowing-body.js';

export interface CarriedBodyOptions {
  readonly bus: Bus;
  readonly body: Uint8Array;
  /** Instead of it, where it is still being received. */
  readonly upload?: FlowingBody | undefined;
  /** So long an upload may wait until it is sent. */
  readonly untakenMs: number;
  readonly onProgress: () => void;
}

const NOTHING = new Uint8Array();

/** The body of a call, as each attempt to put it to a holder brings it: in the frame, or offered apart. */
export class CarriedBody {
  private offer: (BodySender & { readonly said: Partial<CallMessage> }) | null = null;

  constructor(private readonly options: CarriedBodyOptions) {}

  frameOf(message: CallMessage): Uint8Array {
    const { body, upload } = this.options;
    if (upload === undefined && body.byteLength <= INLINE_BODY_BYTES) return encodeFrame(message, body);
    if (this.offer?.untouched() !== true) this.offerAfresh();
    return encodeFrame({ ...message, ...this.offer?.said }, NOTHING);
  }

  /** What flows comes once: a holder had begun to take it. */
  isSpent(): boolean {
    return this.options.upload !== undefined && this.offer !== null && !this.offer.untouched();
  }

  withdraw(): void {
    this.offer?.withdraw();
  }

  private offerAfresh(): void {
    this.offer?.withdraw();
    const { bus, body, upload, untakenMs, onProgress } = this.options;
    if (upload === undefined) {
      const offered = offerBody(bus, body);
      this.offer = Object.assign(offered, { said: { bodyStream: offered.ref } });
    } else {
      const passed = passOn({ bus, body: upload, untakenMs, onProgress });
      this.offer = Object.assign(passed, { said: { bodyFlow: passed.ref } });
    }
  }
}
