import type { CallReply } from '#contracts';
import type { FlowingBody } from './flowing-body.js';

export type NotSentCode = 'holder_away' | 'bus_away' | 'not_sent_in_time' | 'cancelled' | 'internal';
export type UnknownCode =
  'holder_away' | 'bus_away' | 'response_timeout' | 'incomplete_answer' | 'cancelled' | 'internal';

export type AskOutcome =
  | {
      readonly kind: 'replied';
      readonly reply: CallReply;
      readonly body: Uint8Array;
      /** Instead of it, where the answer is too large to be kept. It waits for whoever asked: read it, or drop it. */
      readonly flow?: FlowingBody;
    }
  /** No attempt has reached the upstream, and none will. */
  | { readonly kind: 'not-sent'; readonly code: NotSentCode; readonly detail: string }
  /** It may have been sent; nobody can tell any more. */
  | { readonly kind: 'unknown'; readonly code: UnknownCode; readonly detail: string };

/** `no-reply`, within 250 ms, counts as sent. */
export type CancelVerdict = 'cancelled' | 'sent' | 'unknown-call' | 'no-reply';
