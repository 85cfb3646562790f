import type { CallMessage, CallReply, MarkMessage } from '#contracts';
import type { AskOutcome, CancelVerdict } from './ask-outcome.js';
import type { Bus, BusClock } from './connection.js';
import { createEnvelopeMaker } from './envelope.js';
import type { FlowingBody } from './flowing-body.js';
import { HolderAsk, type AskSurroundings, type Question } from './holder-ask.js';
import { watchLeases, type HolderSeen } from './lease-watch.js';
import { Replies } from './replies.js';

export interface AskOptions {
  /** May reach the upstream more than once: asked again, with the same id, whenever the answer may not come. */
  readonly repeatable: boolean;
  /** For the wait until it is sent (at most the call's `waitLeftMs`) and the answer together. */
  readonly deadlineMs: number;
  /** The client left: the call is cancelled. */
  readonly signal?: AbortSignal;
  /** The body, where it is still being received. */
  readonly upload?: FlowingBody | undefined;
}

export type MarkOutcome =
  | { readonly kind: 'marked'; readonly before: (CallReply & { kind: 'marked' })['before'] }
  | { readonly kind: 'not-marked'; readonly detail: string };

export interface HolderCalls {
  ask(message: CallMessage, body: Uint8Array, options: AskOptions): Promise<AskOutcome>;
  /** Ends the wait of a call that `ask` is busy with: `cancelled` ends it with not-sent, else it goes on waiting. */
  cancel(callId: string): Promise<CancelVerdict>;
  /** Has the present holder mark the URL of a write whose holder died. */
  mark(message: MarkMessage, deadlineMs: number): Promise<MarkOutcome>;
  holderOf(upstream: string): HolderSeen | null;
  fenceOf(upstream: string): number | null;
  close(): void;
}

export interface HolderCallsOptions {
  readonly bus: Bus;
  readonly clock: BusClock;
  /** Of this process: part of the ids of its cancels. */
  readonly identity: string;
  readonly maxBodyBytes?: number;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const NOTHING = new Uint8Array();

/** The asker's side of calls to the holders of upstreams. */
export function createHolderCalls(options: HolderCallsOptions): HolderCalls {
  return new LeasedCalls(options);
}

class LeasedCalls implements HolderCalls {
  private readonly around: AskSurroundings;
  private readonly asking = new Map<string, HolderAsk>();

  constructor({ bus, clock, identity, maxBodyBytes = MAX_BODY_BYTES }: HolderCallsOptions) {
    const leases = watchLeases({ bus, clock });
    const makeEnvelope = createEnvelopeMaker(clock, identity);
    this.around = { bus, replies: new Replies(bus), leases, clock, makeEnvelope, maxBodyBytes };
  }

  async ask(message: CallMessage, body: Uint8Array, options: AskOptions): Promise<AskOutcome> {
    const question: Question = { upstream: message.upstream, message, body, ...options };
    const ask = new HolderAsk(this.around, question);
    this.asking.set(message.id, ask);
    try {
      return await ask.outcome();
    } finally {
      this.asking.delete(message.id);
    }
  }

  async cancel(callId: string): Promise<CancelVerdict> {
    return (await this.asking.get(callId)?.cancel()) ?? 'unknown-call';
  }

  async mark(message: MarkMessage, deadlineMs: number): Promise<MarkOutcome> {
    const question: Question = { upstream: message.upstream, message, body: NOTHING, repeatable: true, deadlineMs };
    const outcome = await new HolderAsk(this.around, question).outcome();
    if (outcome.kind !== 'replied') return { kind: 'not-marked', detail: outcome.detail };
    if (outcome.reply.kind === 'marked') return { kind: 'marked', before: outcome.reply.before };
    return { kind: 'not-marked', detail: `the holder replied ${outcome.reply.kind}` };
  }

  holderOf(upstream: string): HolderSeen | null {
    return this.around.leases.holderOf(upstream);
  }

  fenceOf(upstream: string): number | null {
    return this.holderOf(upstream)?.fence ?? null;
  }

  close(): void {
    this.around.leases.close();
  }
}
