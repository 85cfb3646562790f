import { decodeFrame, type CallReply } from '#contracts';

export interface Heard {
  readonly kind: 'heard';
  readonly attempt: number;
  readonly reply: CallReply;
  readonly body: Uint8Array;
}

export type AttemptEnded =
  | { readonly kind: 'nobody-there'; readonly attempt: number }
  /** `left`: it may have left this process. */
  | { readonly kind: 'failed'; readonly attempt: number; readonly left: boolean; readonly detail: string };

/** What a question can meet with while it waits. */
export type Happening =
  Heard | AttemptEnded | { readonly kind: 'moved' | 'away' | 'reconnected' | 'aborted' | 'withdrawn' };

/** Counts whichever attempt it answers. */
export const isConclusive = ({ reply }: Heard): boolean => reply.kind === 'answered' || reply.kind === 'marked';

/** What came while the cancel was on its way, and says more than its verdict. */
export const answers =
  (attempt: number) =>
  (happening: Happening): happening is Heard | AttemptEnded => {
    switch (happening.kind) {
      case 'heard':
        return isConclusive(happening) || (happening.attempt === attempt && happening.reply.kind !== 'cancelled');
      case 'nobody-there':
      case 'failed':
        return happening.attempt === attempt;
      default:
        return false;
    }
  };

export function readReply(attempt: number, frame: Uint8Array): Happening {
  try {
    const { head, body } = decodeFrame<CallReply>(frame);
    return { kind: 'heard', attempt, reply: head, body };
  } catch (error) {
    return { kind: 'failed', attempt, left: true, detail: `the holder's reply is no frame: ${String(error)}` };
  }
}
