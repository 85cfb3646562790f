import { admits, freshnessOf, hasOriginPreconditions, hasRange, requestDirectivesOf, validatorsOf } from '#core';
import type { CacheStatus, Directives, ForwardReason, Freshness } from '#core';
import type { Clock } from '#runtime';
import { passed, respond } from './client-answers.js';
import type { ClientAnswer, ClientCall, Outcome } from './client-call.js';
import { placeOfCall, refOf } from './client-place.js';
import type { ClientPlace } from './client-place.js';
import type { EntriesService } from './entries.service.js';
import { entryFor } from './entry-map.js';
import type { HeldEntry, Slot } from './entry-map.js';
import type { Forwarded, ForwardService } from './forward.service.js';
import { problemAnswer } from './problems.js';
import { forwardProblem } from './answer-problem.js';
import type { ReadsService } from './reads.service.js';
import type { RefreshService } from './refresh.service.js';
import { forwardedFields } from './request-fields.js';
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
  readonly clock: Clock;
}

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
    const isRead = (method === 'GET' || method === 'HEAD') && call.body.byteLength === 0;
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
    const admission = admits(directives, freshness, { ignoreNoCache: upstream.config.cache.ignoreClientNoCache });
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
  private hit(call: ClientCall, place: ClientPlace, held: HeldEntry, freshness: Freshness): ClientAnswer {
    const { reads, refresh } = this.options;
    reads.count(call.upstream.id, held.entry.key);
    refresh.consider(call, place, held.entry, freshness);
    return respond(call, held, {
      status: this.hitStatus(call.upstream, freshness),
      ageMs: freshness.ageMs,
      outcome: freshness.kind === 'fresh' ? 'hit' : 'stale',
    });
  }

  /** How a hit is told, on this path and on the short one. */
  hitStatus(upstream: UpstreamView, { kind, ttlMs }: Freshness): CacheStatus {
    const { states, clock } = this.options;
    const isPaused = kind === 'stale' && states.pausedUntil(upstream.id, clock.now()) !== undefined;
    return isPaused ? { kind: 'hit', ttlMs, detail: 'paused' } : { kind: 'hit', ttlMs };
  }

  private async miss(call: ClientCall, forwarding: Forwarding): Promise<ClientAnswer> {
    const { place, held, reason, directives } = forwarding;
    if (directives.onlyIfCached) return this.notCached(call);
    // A HEAD that cannot be answered from a stored GET is put as it is; so are ranges of what is not stored whole.
    if (call.method === 'HEAD' || (held === undefined && hasRange(call.fields))) return this.pass(call);
    const isForced = reason === 'request';
    const forwarded = await this.options.forward.forward({
      call,
      ref: refOf(call, place, held),
      purpose: isForced ? 'revalidate' : 'read',
      fields: forwardedFields(call, 'read'),
      have: held?.entry.version ?? null,
      validators: held === undefined ? [] : validatorsOf(held.entry),
      mayStore: !directives.noStore,
    });
    return this.answerForwarded(call, forwarding, forwarded);
  }

  private answerForwarded(call: ClientCall, { place, reason, held }: Forwarding, forwarded: Forwarded): ClientAnswer {
    if (forwarded.kind !== 'answered') return this.problem(call, forwarded);
    const { reply, body } = forwarded;
    const { entry, collapsed } = reply;
    const status: CacheStatus = {
      kind: 'forwarded',
      reason,
      status: reply.upstreamStatus ?? undefined,
      stored: entry !== null,
      ...(collapsed ? { collapsed } : {}),
    };
    const outcome: Outcome = held === undefined ? 'miss' : 'revalidated';
    if (entry === null) return passed(call, { ...reply, body }, { status, outcome });
    this.options.entries.put(place.id, { entry, body });
    const { ageMs, ttlMs } = freshnessOf(entry, this.options.clock.now());
    // RFC 9211 2.1: "the request was satisfied by the cache; i.e., it was not forwarded". The holder had what the store has not yet.
    if (reply.from === 'store')
      return respond(call, { entry, body }, { status: { kind: 'hit', ttlMs }, ageMs, outcome: 'hit' });
    return respond(call, { entry, body }, { status, ageMs, outcome });
  }

  private async pass(call: ClientCall): Promise<ClientAnswer> {
    const place = placeOfCall(call);
    const forwarded = await this.options.forward.forward({
      call,
      ref: refOf(call, place, undefined),
      purpose: 'pass',
      fields: forwardedFields(call, 'as-it-is'),
      have: null,
      validators: [],
      mayStore: false,
    });
    if (forwarded.kind !== 'answered') return this.problem(call, forwarded);
    const { reply, body } = forwarded;
    const reason: ForwardReason = call.method === 'OPTIONS' ? 'method' : 'bypass';
    const status: CacheStatus = { kind: 'forwarded', reason, status: reply.status };
    return passed(call, { ...reply, body }, { status, outcome: 'pass' });
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

function missReason(slot: Slot | undefined): ForwardReason {
  return slot === undefined || slot.entries.length === 0 ? 'uri-miss' : 'vary-miss';
}
