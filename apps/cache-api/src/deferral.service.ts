import { randomUUID } from 'node:crypto';
import { fieldValue, hasPassed, preferOf, SHARED_PARTITION, withoutHopByHop } from '#core';
import type { Field, Fields } from '#core';
import { findPending } from '#bus';
import type { Bus, Publisher } from '#bus';
import { bucketOf, DEFAULT_BUCKET } from '#contracts';
import type { DeferredOutcome, FetchWork } from '#contracts';
import type { Clock, Logger } from '#runtime';
import type { Reply, ReplyRepository } from '#store';
import { NO_BODY } from './client-call.js';
import type { ClientAnswer, ClientCall } from './client-call.js';
import type { ContentCodings } from './content-codings.js';
import { deferredAnswer } from './deferred-answer.js';
import { askedFor, deferredPlace, locationOf, placeOfId, tokenOf } from './deferred-place.js';
import type { DeferredPlace } from './deferred-place.js';
import type { DirectoryService } from './directory.service.js';
import type { ForwardRequest } from './forward.service.js';
import { pendingAnswer, resumeAtOf } from './pending-answer.js';
import { problemAnswer } from './problems.js';
import type { Problem } from './problems.js';
import type { StatesService } from './states.service.js';

export interface DeferralOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly replies: ReplyRepository;
  readonly directory: DirectoryService;
  readonly states: StatesService;
  readonly codings: ContentCodings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is asked of Penstock itself. */
export type OwnRequest = Pick<ClientCall, 'id' | 'traceparent' | 'method' | 'fields' | 'receivedVersion' | 'signal'> & {
  /** Begins with `/.penstock/`. */
  readonly path: string;
};

interface Left {
  readonly place: DeferredPlace;
  /** It is another's call, whose answer will do for both if it may be shared. */
  readonly joined: boolean;
}

const LEAVE_ROUNDS = 3;
const LONGEST_WAIT_MS = 300_000;
const FIRST_LOOK_MS = 25;
const SELDOMEST_LOOK_MS = 250;
const TRY_AGAIN_MS = 2_000;
const ALLOWED: Field = ['Allow', 'GET, HEAD'];
const APPLIED: Field = ['Preference-Applied', 'respond-async'];

/**
 * Answers for later. A call whose client does not wait is left in the stream of fetches; what waits there, or is being fetched, is pending;
 * what it came to stands in PostgreSQL for ten minutes. So any process can say what became of any of them.
 */
export class DeferralService {
  constructor(private readonly options: DeferralOptions) {}

  /** RFC 7240 4.1. Undefined: the preference is not applied, the call is answered as any other. */
  async insteadOf(request: ForwardRequest): Promise<ClientAnswer | undefined> {
    const { call } = request;
    const left = await this.leave(request);
    if (left === undefined) return undefined;
    const { waitMs } = preferOf(fieldValue(call.fields, 'prefer'));
    // RFC 7240 4.3: with a wait the client "will wait (...) before it receives the response", and 202 comes when that is over.
    const reply = waitMs === undefined ? undefined : await this.untilDone(left.place, waitMs, call.signal);
    if (reply !== undefined && !isAnothers(reply, left.joined)) return this.given(call, reply);
    return this.pending(left.place, left.joined, [APPLIED]);
  }

  /** The answer to what is asked below `/.penstock/`; `ask` is for a client whose answer turned out to be another's alone. */
  async answer(request: OwnRequest, ask: (call: ClientCall) => Promise<ClientAnswer>): Promise<ClientAnswer> {
    const { method, path } = request;
    const asked = askedFor(path);
    const upstream = asked === undefined ? undefined : this.options.directory.get(asked.place.upstream);
    if (asked === undefined || upstream === undefined) return this.notFound(path);
    if (method !== 'GET' && method !== 'HEAD') {
      const problem: Problem = { code: 'method_not_supported', detail: 'expected GET or HEAD', instance: path };
      return problemAnswer(problem, this.options.clock.now(), [ALLOWED]);
    }
    const { place, joined } = asked;
    const fields = withoutHopByHop(request.fields);
    const found = await this.find(place, fields, request.signal).catch((error: unknown) => this.away(error, path));
    if (found === undefined) return this.notFound(path);
    if (found === 'pending') return bodyless(method, this.pending(place, joined));
    if (!isReply(found)) return found;
    const call: ClientCall = { ...request, fields, path: found.path, upstream, body: NO_BODY };
    return isAnothers(found, joined) ? ask(call) : this.given(call, found);
  }

  /** Leaves the call to be fetched, or finds it left already. */
  private async leave(request: ForwardRequest): Promise<Left | undefined> {
    if (!isDeferrable(request)) return undefined;
    const { bus, publisher } = this.options;
    const { call, ref, fields, purpose } = request;
    const bucket = bucketOf(call.upstream.config.limits.buckets, ref.path) ?? DEFAULT_BUCKET;
    const place = deferredPlace(ref.upstream, bucket, tokenOf(ref, fields), randomUUID());
    const subject = subjectOf(bus, place);
    for (let round = 0; round < LEAVE_ROUNDS; round += 1) {
      const verdict = await publisher.publishWork(subject, this.workOf(request, place));
      if (verdict === 'stored') return { place, joined: false };
      // What has left already may be older than the wish to see the upstream as it is now.
      if (verdict !== 'already-pending' || purpose !== 'read') return undefined;
      const first = await this.pendingAt(place).catch(() => undefined);
      if (first !== undefined) return { place: first, joined: true };
    }
    return undefined;
  }

  private workOf({ call, ref, purpose, ...request }: ForwardRequest, { id }: DeferredPlace): FetchWork {
    const { traceparent } = call;
    const source = { cause: call.id, ...(traceparent === undefined ? {} : { traceparent }) };
    return {
      ...this.options.publisher.envelope(source),
      ...ref,
      lane: 'now',
      reason: 'deferred',
      have: request.have,
      requestFields: request.fields,
      validators: request.validators,
      configVersion: call.upstream.configVersion,
      deferred: { id, purpose: purpose === 'revalidate' ? 'revalidate' : 'read', mayStore: request.mayStore },
    };
  }

  /** Whose call waits here, or is being carried out. @throws while NATS is away. */
  private async pendingAt(place: DeferredPlace): Promise<DeferredPlace | undefined> {
    const work = await findPending<FetchWork>(this.options.bus, 'fetch', subjectOf(this.options.bus, place));
    return work?.deferred === undefined ? undefined : placeOfId(work.deferred.id);
  }

  /** What it came to is written before it is taken out of the stream: of two looks at the store, one on either side, one finds it. */
  private async find(
    place: DeferredPlace,
    fields: Fields,
    signal: AbortSignal,
  ): Promise<Reply | 'pending' | undefined> {
    const { replies } = this.options;
    const reply = await replies.readReply(place.id);
    if (reply !== undefined) return reply;
    const pending = await this.pendingAt(place).catch((error: unknown) => Promise.reject(new BusAway(error)));
    if (pending?.id !== place.id) return replies.readReply(place.id);
    const { waitMs } = preferOf(fieldValue(fields, 'prefer'));
    return (waitMs === undefined ? undefined : await this.untilDone(place, waitMs, signal)) ?? 'pending';
  }

  /** Not where a pause outlasts the wait: then there is nothing to wait for. */
  private async untilDone(place: DeferredPlace, waitMs: number, signal: AbortSignal): Promise<Reply | undefined> {
    const { replies, clock } = this.options;
    const untilMs = clock.now() + Math.min(waitMs, LONGEST_WAIT_MS);
    for (let lookMs = FIRST_LOOK_MS; !signal.aborted; lookMs = Math.min(lookMs * 2, SELDOMEST_LOOK_MS)) {
      const reply = await replies.readReply(place.id).catch(() => undefined);
      const leftMs = untilMs - clock.now();
      if (reply !== undefined || leftMs <= 0 || (this.resumeAt(place) ?? 0) > untilMs) return reply;
      await new Promise((resolve) => setTimeout(resolve, Math.min(lookMs, leftMs)));
    }
    return undefined;
  }

  private resumeAt({ upstream, bucket }: DeferredPlace): number | undefined {
    const { states, clock } = this.options;
    return resumeAtOf(states.stateOf(upstream), bucket, clock.now());
  }

  private pending(place: DeferredPlace, joined: boolean, more: Fields = []): ClientAnswer {
    const nowMs = this.options.clock.now();
    return pendingAnswer({ location: locationOf(place, joined), resumeAtMs: this.resumeAt(place), nowMs }, more);
  }

  private given(call: ClientCall, { outcome, path, body }: Reply): Promise<ClientAnswer> | ClientAnswer {
    const { codings, clock } = this.options;
    // Written by a dispatcher, by the same contract.
    const known = outcome as DeferredOutcome;
    return deferredAnswer({ ...call, path }, { outcome: known, body }, { codings, nowMs: clock.now() });
  }

  private notFound(instance: string): ClientAnswer {
    const detail = 'there is no deferred answer of this id; it is kept for 10 minutes after it has come';
    return problemAnswer({ code: 'not_found', detail, instance }, this.options.clock.now());
  }

  private away(error: unknown, instance: string): ClientAnswer {
    this.options.logger.warn({ err: error }, 'a deferred answer could not be looked up');
    const code = error instanceof BusAway ? 'bus_away' : 'store_away';
    const detail = 'whether the answer has come cannot be looked up now; ask again';
    return problemAnswer({ code, detail, instance, retryAfterMs: TRY_AGAIN_MS }, this.options.clock.now());
  }
}

class BusAway extends Error {
  override readonly name = 'BusAway';

  constructor(cause: unknown) {
    super('what waits to be fetched cannot be read', { cause });
  }
}

/** Only where nobody's credential would have to be kept, and over a protocol by which the answer can be fetched later. */
export function isDeferrable({ call, ref, purpose }: ForwardRequest): boolean {
  const { method, fields, upstream, receivedVersion } = call;
  if (!preferOf(fieldValue(fields, 'prefer')).respondAsync || receivedVersion === 'NATS') return false;
  const isRead = method === 'GET' && (purpose === 'read' || purpose === 'revalidate');
  return isRead && ref.partition === SHARED_PARTITION && !hasPassed(fields, upstream.viaName);
}

function subjectOf({ subjects }: Bus, { upstream, bucket, token }: DeferredPlace): string {
  return subjects.fetch('now', upstream, bucket, token);
}

/** RFC 9111: what may not be stored is for the one who asked; who joined asks for itself. */
function isAnothers({ outcome }: Reply, joined: boolean): boolean {
  const known = outcome as DeferredOutcome;
  return joined && known.kind === 'answered' && known.entry === null;
}

function isReply(found: Reply | ClientAnswer): found is Reply {
  return 'path' in found;
}

function bodyless(method: string, answer: ClientAnswer): ClientAnswer {
  return method === 'HEAD' ? { ...answer, body: NO_BODY } : answer;
}
