import {
  admits,
  freshenedByHead,
  freshnessOf,
  hasOriginPreconditions,
  hasRange,
  isErrorToHide,
  mayAnswerAfterError,
  overriddenDirectives,
  requestDirectivesOf,
  responseDirectivesOf,
  validatorsOf,
  withVaryOnCoding,
} from '#core';
import type { CacheStatus, Directives, Entry, ForwardReason, Freshness } from '#core';
import type { Clock } from '#runtime';
import { passed, respond } from './client-answers.js';
import type { PassedAnswer, Told, ToldOfStored } from './client-answers.js';
import { codingVerdict } from './content-codings.js';
import type { ContentCodings } from './content-codings.js';
import { NO_BODY } from './client-call.js';
import type { ClientAnswer, ClientCall, Outcome } from './client-call.js';
import { placeOfCall, refOf } from './client-place.js';
import type { ClientPlace } from './client-place.js';
import { isDeferrable } from './deferral.service.js';
import type { DeferralService } from './deferral.service.js';
import type { EntriesService } from './entries.service.js';
import { entryFor } from './entry-map.js';
import type { HeldEntry, Slot } from './entry-map.js';
import type { Forwarded, ForwardRequest, ForwardService } from './forward.service.js';
import { problemAnswer } from './problems.js';
import { forwardProblem } from './answer-problem.js';
import type { ReadsService } from './reads.service.js';
import type { RefreshService } from './refresh.service.js';
import { forwardedFields } from './request-fields.js';
import { withServerTiming } from './server-timing.js';
import type { StatesService } from './states.service.js';
import type { UpstreamView } from './upstream-view.js';
import type { WriteService } from './write.service.js';

export interface AnswerOptions {
  readonly entries: EntriesService;
  readonly forward: ForwardService;
  readonly writes: WriteService;
  readonly refresh: RefreshService;
  readonly reads: ReadsService;
  readonly states: StatesService;
  readonly codings: ContentCodings;
  readonly deferrals: Pick<DeferralService, 'insteadOf'>;
  readonly clock: Clock;
}

type AnsweredReply = Extract<Forwarded, { kind: 'answered' }>['reply'];

/** What is known of a read when it has to be put to the upstream. */
interface Forwarding {
  readonly place: ClientPlace;
  readonly held: HeldEntry | undefined;
  readonly reason: ForwardReason;
  readonly directives: Directives;
}

/** One client call from its arrival to its answer: from memory, from the store, or from the upstream through its holder. */
export class AnswerService {
  constructor(private readonly options: AnswerOptions) {}

  async answer(call: ClientCall): Promise<ClientAnswer> {
    const { method, fields } = call;
    const isRead = (method === 'GET' || method === 'HEAD') && call.body.byteLength === 0 && call.upload === undefined;
    // RFC 9111 4.3.2: conditions that only the origin can judge are put to it.
    if (isRead && !hasOriginPreconditions(fields)) return this.read(call);
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return this.pass(call);
    return this.options.writes.write(call);
  }

  private async read(call: ClientCall): Promise<ClientAnswer> {
    const { entries } = this.options;
    const place = placeOfCall(call);
    const directives = requestDirectivesOf(call.fields);
    let slot = entries.inMemory(place.id);
    let held = slot === undefined ? undefined : entryFor(slot, place.choosing);
    if (slot === undefined || (held === undefined && slot.state === 'partial')) {
      slot = await entries.load(place);
      held = slot === undefined ? undefined : entryFor(slot, place.choosing);
    }
    return held === undefined
      ? this.miss(call, { place, held, directives, reason: missReason(slot) })
      : this.fromHeld(call, place, held, directives);
  }

  private fromHeld(
    call: ClientCall,
    place: ClientPlace,
    held: HeldEntry,
    directives: Directives,
  ): ClientAnswer | Promise<ClientAnswer> {
    const { upstream } = call;
    const freshness = freshnessOf(held.entry, this.options.clock.now());
    const admission = admits(directives, freshness, {
      ignoreNoCache: upstream.config.cache.ignoreClientNoCache,
      said: () => responseDirectivesOf(held.entry.fields, upstream.policy),
    });
    switch (admission.kind) {
      case 'answer':
        return this.hit(call, place, held, freshness);
      case 'only-if-cached-miss':
        return this.notCached(call);
      case 'revalidate':
        return this.miss(call, { place, held, directives, reason: freshness.kind === 'expired' ? 'stale' : 'request' });
    }
  }

  /** Answered at once, whatever the upstream's state. */
  private hit(
    call: ClientCall,
    place: ClientPlace,
    held: HeldEntry,
    freshness: Freshness,
  ): ClientAnswer | Promise<ClientAnswer> {
    const { reads, refresh } = this.options;
    reads.count(held.entry);
    refresh.consider(call, place, held.entry, freshness);
    return this.respondFitting(call, held, {
      status: this.hitStatus(call.upstream, held.entry, freshness),
      ageMs: freshness.ageMs,
      outcome: freshness.kind === 'fresh' ? 'hit' : 'stale',
    });
  }

  /** How a hit is told, on this path and on the short one. */
  hitStatus(upstream: UpstreamView, entry: Entry, { kind, ttlMs }: Freshness): CacheStatus {
    const { states, clock } = this.options;
    const isPaused = kind === 'stale' && states.pausedUntil(upstream.id, clock.now()) !== undefined;
    const overridden = overriddenDetail(upstream, entry);
    if (!isPaused)
      return overridden === undefined ? { kind: 'hit', ttlMs } : { kind: 'hit', ttlMs, detail: overridden };
    return { kind: 'hit', ttlMs, detail: overridden === undefined ? 'paused' : `paused, ${overridden}` };
  }

  private async miss(call: ClientCall, forwarding: Forwarding): Promise<ClientAnswer> {
    const { place, held, reason, directives } = forwarding;
    if (directives.onlyIfCached) return this.notCached(call);
    // A HEAD that cannot be answered from a stored GET is put as it is; so are ranges of what is not stored whole.
    if (call.method === 'HEAD') return this.head(call, forwarding);
    if (held === undefined && hasRange(call.fields)) {
      this.options.reads.count(refOf(call, place, held));
      return this.pass(call);
    }
    const isForced = reason === 'request';
    const request: ForwardRequest = {
      call,
      ref: refOf(call, place, held),
      purpose: isForced ? 'revalidate' : 'read',
      fields: forwardedFields(call, 'read'),
      have: held?.entry.version ?? null,
      validators: held === undefined ? [] : validatorsOf(held.entry),
      mayStore: !directives.noStore,
    };
    const deferred = isDeferrable(request) ? await this.options.deferrals.insteadOf(request) : undefined;
    if (deferred !== undefined) return deferred;
    const forwarded = await this.options.forward.forward(request);
    this.countMiss(request, forwarded);
    const answer =
      (await this.insteadOfError(call, forwarding, forwarded)) ??
      (await this.answerForwarded(call, forwarding, forwarded));
    return withServerTiming(answer, forwarded);
  }

  /** By what it brought, whose variant may be another than was thought; what may not be kept is planned by nobody. */
  private countMiss({ ref }: ForwardRequest, forwarded: Forwarded): void {
    const read = forwarded.kind === 'answered' ? forwarded.reply.entry : ref;
    if (read !== null) this.options.reads.count(read);
  }

  private async head(call: ClientCall, forwarding: Forwarding): Promise<ClientAnswer> {
    const { place, held, reason, directives } = forwarding;
    const mayStore = !directives.noStore;
    this.options.reads.count(refOf(call, place, held));
    const forwarded = await this.options.forward.forward({ ...this.passing(call, place, held), mayStore });
    const kept = await this.insteadOfError(call, forwarding, forwarded);
    if (kept !== undefined) return kept;
    if (forwarded.kind !== 'answered') return this.problem(call, forwarded);
    const { reply } = forwarded;
    if (mayStore && held?.entry.status === 200 && reply.status === 200) {
      const entry = freshened(held.entry, reply, call.upstream);
      this.options.entries.put(place.id, { entry, body: held.body });
    }
    const status: CacheStatus = { kind: 'forwarded', reason, status: reply.status };
    return withServerTiming(passed(call, { ...reply, body: NO_BODY }, { status, outcome: 'pass' }), forwarded);
  }

  /** RFC 5861 4: what is stored, where the upstream fails and the answer or the request allows that. */
  private async insteadOfError(
    call: ClientCall,
    { place, held, reason, directives }: Forwarding,
    forwarded: Forwarded,
  ): Promise<ClientAnswer | undefined> {
    if (held === undefined || !isError(forwarded)) return undefined;
    // A write may have made it invalid meanwhile.
    const slot = this.options.entries.inMemory(place.id) ?? (await this.options.entries.load(place));
    const kept = slot === undefined ? undefined : entryFor(slot, place.choosing);
    if (kept === undefined) return undefined;
    const freshness = freshnessOf(kept.entry, this.options.clock.now());
    const said = responseDirectivesOf(kept.entry.fields, call.upstream.policy);
    if (!mayAnswerAfterError(directives, freshness, said)) return undefined;
    if (forwarded.kind === 'answered') forwarded.flow?.drop();
    const how = forwarded.kind === 'answered' ? { status: forwarded.reply.status } : { detail: forwarded.code };
    return this.respondFitting(call, kept, {
      status: { kind: 'forwarded', reason, ...how },
      ageMs: freshness.ageMs,
      outcome: 'stale',
    });
  }

  private answerForwarded(
    call: ClientCall,
    { place, reason, held }: Forwarding,
    forwarded: Forwarded,
  ): ClientAnswer | Promise<ClientAnswer> {
    if (forwarded.kind !== 'answered') return this.problem(call, forwarded);
    const { reply, body, flow } = forwarded;
    const { entry, collapsed } = reply;
    const status: CacheStatus = {
      kind: 'forwarded',
      reason,
      status: reply.upstreamStatus ?? undefined,
      stored: entry !== null,
      ...(collapsed ? { collapsed } : {}),
      ...(entry === null ? {} : { detail: overriddenDetail(call.upstream, entry) }),
    };
    const outcome: Outcome = held === undefined ? 'miss' : 'revalidated';
    if (entry === null) return this.passFitting(call, { ...reply, body, flow }, { status, outcome });
    this.options.entries.put(place.id, { entry, body });
    const { ageMs, ttlMs } = freshnessOf(entry, this.options.clock.now());
    // RFC 9211 2.1: "the request was satisfied by the cache; i.e., it was not forwarded". The holder had what the store has not yet.
    if (reply.from === 'store')
      return this.respondFitting(call, { entry, body }, { status: { kind: 'hit', ttlMs }, ageMs, outcome: 'hit' });
    // The one whose call it was gets all that came; the store leaves some of it out.
    const shown = reply.fields.length === 0 ? entry : { ...entry, fields: reply.fields };
    return this.respondFitting(call, { entry: shown, body }, { status, ageMs, outcome });
  }

  /** In a coding that the client takes, or in none; where only the upstream may see to that, it is asked. */
  private respondFitting(call: ClientCall, held: HeldEntry, told: ToldOfStored): ClientAnswer | Promise<ClientAnswer> {
    const verdict = codingVerdict(call.fields, held.entry.fields);
    if (verdict === 'fits') return respond(call, held, told);
    return verdict === 'ask' ? this.passInstead(call) : this.respondInIdentity(call, held, told);
  }

  private async respondInIdentity(call: ClientCall, held: HeldEntry, told: ToldOfStored): Promise<ClientAnswer> {
    const plain = await this.options.codings.entryInIdentity(held);
    return plain === undefined ? this.passInstead(call) : respond(call, plain, told);
  }

  /** What is stored will not do in its coding. */
  private passInstead(call: ClientCall): ClientAnswer | Promise<ClientAnswer> {
    return requestDirectivesOf(call.fields).onlyIfCached ? this.notCached(call) : this.pass(call);
  }

  /** The same of an answer that is not kept. Codings were ours to ask for, so others get it otherwise. */
  private async passFitting(call: ClientCall, came: PassedAnswer, told: Told): Promise<ClientAnswer> {
    const answer = { ...came, fields: withVaryOnCoding(came.fields) };
    const verdict = codingVerdict(call.fields, answer.fields);
    if (verdict === 'fits') return passed(call, answer, told);
    const plain = verdict === 'ask' ? undefined : await this.options.codings.answerInIdentity(answer);
    if (plain !== undefined) return passed(call, { ...answer, ...plain }, told);
    answer.flow?.drop();
    return this.pass(call);
  }

  private async pass(call: ClientCall): Promise<ClientAnswer> {
    const forwarded = await this.options.forward.forward(this.passing(call, placeOfCall(call), undefined));
    if (forwarded.kind !== 'answered') return this.problem(call, forwarded);
    const { reply, body, flow } = forwarded;
    const reason: ForwardReason = call.method === 'OPTIONS' ? 'method' : 'bypass';
    const status: CacheStatus = { kind: 'forwarded', reason, status: reply.status };
    return withServerTiming(passed(call, { ...reply, body, flow }, { status, outcome: 'pass' }), forwarded);
  }

  private passing(call: ClientCall, place: ClientPlace, held: HeldEntry | undefined): ForwardRequest {
    return {
      call,
      ref: refOf(call, place, held),
      purpose: 'pass',
      fields: forwardedFields(call, 'as-it-is'),
      have: null,
      validators: [],
      mayStore: false,
    };
  }

  private notCached(call: ClientCall): ClientAnswer {
    const detail = 'the request says only-if-cached, and nothing stored may answer it; ask without it, or later';
    return problemAnswer(
      { code: 'only_if_cached', detail, instance: call.path, upstream: call.upstream.id },
      this.options.clock.now(),
    );
  }

  private problem(call: ClientCall, forwarded: Exclude<Forwarded, { kind: 'answered' }>): ClientAnswer {
    return forwardProblem(call, forwarded, this.options.clock.now());
  }
}

/** Whether the operator's word, and not the upstream's, let this be stored or answered. */
function overriddenDetail({ policy }: UpstreamView, { fields }: Entry): string | undefined {
  return overriddenDirectives(fields, policy).length === 0 ? undefined : 'overridden';
}

function missReason(slot: Slot | undefined): ForwardReason {
  return slot === undefined || slot.entries.length === 0 ? 'uri-miss' : 'vary-miss';
}

/** RFC 5861 4: whatever would be told as a 500, 502, 503 or 504. */
function isError(forwarded: Forwarded): forwarded is Exclude<Forwarded, { kind: 'gone' }> {
  if (forwarded.kind === 'answered') return isErrorToHide(forwarded.reply.status);
  return forwarded.kind === 'failed';
}

/** As the dispatcher keeps it: what this process answers next is what the others will. */
function freshened(
  entry: Entry,
  { fields: responseFields, version, requestedAt, receivedAt }: AnsweredReply,
  { policy }: UpstreamView,
): Entry {
  return freshenedByHead(entry, { responseFields, version, requestedAt, receivedAt, policy });
}
