import { BaseRpcContext, Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { WorkPattern } from '#contracts';
import type { Delivery } from './delivery.js';

/** Marks only what comes from streams: another transport of the same application leaves these handlers alone. */
export const WORK_TRANSPORT = Symbol('penstock-work');

/**
 * The method takes work whose subject matches: `(message, context: WorkContext) => Promise<Verdict>`.
 * The work is acknowledged after its verdict, never before.
 */
export function WorkHandler(pattern: WorkPattern): MethodDecorator {
  return (prototype, method, descriptor) => {
    // Nest hands over what the parameters are marked for, by default the message alone. Here both, so that no handler has to say it.
    Payload()(prototype, method, 0);
    Ctx()(prototype, method, 1);
    return MessagePattern(pattern, WORK_TRANSPORT)(prototype, method, descriptor);
  };
}

/** What a handler knows of its work besides the message. */
export class WorkContext extends BaseRpcContext<[Delivery<unknown>]> {
  private get delivery(): Delivery<unknown> {
    return this.args[0];
  }

  get subject(): string {
    return this.delivery.subject;
  }

  get deliveryCount(): number {
    return this.delivery.deliveryCount;
  }

  get sequence(): number {
    return this.delivery.sequence;
  }

  get enqueuedAt(): number {
    return this.delivery.enqueuedAt;
  }

  get signal(): AbortSignal {
    return this.delivery.signal;
  }

  get finished(): ReadonlySet<number> {
    return this.delivery.finished;
  }
}
