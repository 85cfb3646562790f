import { renderCacheStatus, withoutFields } from '#core';
import type { EnvelopeMaker, HolderCalls } from '#bus';
import type { ResourceRef } from '#contracts';
import type { Clock, Logger } from '#runtime';
import { forwardProblem } from './answer-problem.js';
import { flowingFields } from './client-answers.js';
import type { ClientAnswer, ClientCall } from './client-call.js';
import { placeOfCall, refOf } from './client-place.js';
import type { Forwarded, ForwardService } from './forward.service.js';
import { answeredVia, forwardedFields } from './request-fields.js';
import { withServerTiming } from './server-timing.js';

export interface WriteOptions {
  readonly forward: ForwardService;
  readonly calls: HolderCalls;
  readonly envelope: EnvelopeMaker;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MARK_DEADLINE_MS = 5_000;

/** A write is sent once, alone; when it is answered, nothing older than it is valid on any replica. */
export class WriteService {
  constructor(private readonly options: WriteOptions) {}

  async write(call: ClientCall): Promise<ClientAnswer> {
    const ref = refOf(call, placeOfCall(call), undefined);
    const forwarded = await this.options.forward.forward({
      call,
      ref,
      purpose: 'write',
      fields: forwardedFields(call, 'as-it-is'),
      have: null,
      validators: [],
      mayStore: false,
    });
    if (forwarded.kind === 'answered') {
      if (this.isOvertaken(call, forwarded)) await this.markAnyway(call, ref);
      return withServerTiming(written(forwarded), forwarded);
    }
    if (forwarded.kind === 'failed' && forwarded.unknown) await this.markAnyway(call, ref);
    return forwardProblem(call, forwarded, this.options.clock.now());
  }

  /**
   * It was answered to a holder that has lost the lease: its mark is below all that the one after it has sent, also what that one read
   * before the write was carried out.
   */
  private isOvertaken({ upstream }: ClientCall, { reply }: Extract<Forwarded, { kind: 'answered' }>): boolean {
    const fence = this.options.calls.fenceOf(upstream.id);
    return fence !== null && fence > reply.version.fence;
  }

  /** The holder that may have sent it is gone: the one after it sets the mark, before the client is answered. */
  private async markAnyway(call: ClientCall, ref: ResourceRef): Promise<void> {
    const { calls, envelope, logger } = this.options;
    const outcome = await calls.mark({ ...envelope({ cause: call.id }), ...ref, kind: 'mark' }, MARK_DEADLINE_MS);
    if (outcome.kind === 'marked') return;
    logger.warn(
      { upstream: ref.upstream, detail: outcome.detail },
      'the URL of a write of unknown outcome could not be marked',
    );
  }
}

const LENGTH = new Set(['content-length']);

function written({ reply, body, flow }: Extract<Forwarded, { kind: 'answered' }>): ClientAnswer {
  const status = renderCacheStatus({ kind: 'forwarded', reason: 'method', status: reply.status });
  if (flow !== undefined) {
    const fields = [...flowingFields(answeredVia(reply.fields), flow), ['Cache-Status', status] as const];
    return { status: reply.status, fields, body, flow, outcome: 'write' };
  }
  const hasBody = reply.status !== 204 && reply.status !== 304;
  const length = hasBody ? [['Content-Length', String(body.byteLength)] as const] : [];
  const fields = [...answeredVia(withoutFields(reply.fields, LENGTH)), ...length, ['Cache-Status', status] as const];
  return { status: reply.status, fields, body, outcome: 'write' };
}
