import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  compareVersions,
  entryFrom,
  freshenedByHead,
  freshnessOf,
  isRenewableBy304,
  keyOf,
  renewedBy304,
  storabilityOf,
  urlOf,
  variantOf,
  varyNamesOf,
  withoutCredentials,
} from '#core';
import type { CachePolicy, CredentialRule, Entry, Fields, Version } from '#core';
import type { EventPayloads } from '#contracts';
import type { Clock } from '#runtime';
import type { EntryRepository } from '#store';
import { endOf, storedEnd } from './answered-ends.js';
import type { Announcer } from './announcer.js';
import type { CompletionsService, Described } from './completions.service.js';
import type { Joinable } from './joinable.js';
import type { Answered } from './loop-options.js';
import { costEach, storedFactsOf } from './fetch-facts.js';
import { tooLargeEnd } from './flight-ends.js';
import type { AnsweredEnd, Asker, Flight, Order, Told } from './flight.js';
import type { KnownEntries } from './known-entries.js';
import type { Unstored } from './unstored.js';

export interface AnswersOptions {
  readonly baseUrl: string;
  readonly policy: CachePolicy;
  readonly credentialFields: CredentialRule;
  readonly known: KnownEntries;
  readonly completions: CompletionsService;
  readonly announcer: Announcer;
  readonly repository: EntryRepository;
  readonly unstored: Unstored;
  /** `body` undefined: it is the one that is stored. */
  readonly describe: (entry: Entry, body: Uint8Array | undefined) => Described;
  readonly clock: Clock;
  /** A joined asker whose answer could not be shared gets a flight of its own. */
  askAlone(asker: Asker): void;
  readonly joinable: Pick<Joinable, 'neverJoin' | 'varies'>;
  repeatUnconditionally(flight: Flight): void;
}

/** Turns what the upstream said into an entry where that may be kept, and hands it to everyone who asked. */
export class AnswersService {
  private readonly untold = new LRUCache<string, EventPayloads['entry.stored']>({ max: REMEMBERED_UNTOLD });

  constructor(private readonly options: AnswersOptions) {}

  async deliver(flight: Flight, answer: Answered, version: Version): Promise<void> {
    if (answer.status === 304 && flight.order.validators.length > 0 && !flight.unconditional) {
      return this.renew(flight, answer, version);
    }
    if (answer.flow !== undefined) return this.passOn(flight, answer, version);
    const entry = this.entryOf(flight.order, answer, version);
    const kept = entry === null ? null : this.keep(entry, flight.order.fields, answer.body, chargeOf(flight));
    this.share(flight, endOf(answer, version, { entry, kept, body: answer.body, upstreamStatus: answer.status }));
    if (flight.order.method === 'HEAD' && answer.status === 200 && flight.order.mayStore)
      await this.freshen(flight, answer, version);
  }

  /** One of the resources that a call brought together, as if it had come alone. */
  keepPart(order: Order, part: Answered, version: Version, charge: Charge): AnsweredEnd {
    const entry = this.entryOf(order, part, version);
    const kept = entry === null ? null : this.keep(entry, order.fields, part.body, charge);
    return endOf(part, version, { entry, kept, body: part.body, upstreamStatus: part.status });
  }

  /** RFC 9111 4.3.5: what a HEAD says of a stored GET is brought in, or the stored one counts as stale. */
  private async freshen(flight: Flight, answer: Answered, version: Version): Promise<void> {
    const stored = await this.stored(flight.order.key, false);
    if (stored?.entry.status !== 200 || !isNewer(version, stored.entry.version)) return;
    const { policy } = this.options;
    const { fields: responseFields, requestedAt, receivedAt } = answer;
    const entry = freshenedByHead(stored.entry, { responseFields, version, requestedAt, receivedAt, policy });
    if (entry !== stored.entry && !this.options.known.isMarked(entry))
      await this.keep(entry, stored.requestFields, undefined, chargeOf(flight));
  }

  /**
   * Too large to be kept: to the one whose order was sent, as it comes. Who joined is let go to a call of its own, and the key is not joined
   * for a while; background work wanted it for the store, and is told that it is too large for that.
   */
  private passOn(flight: Flight, answer: Answered, version: Version): void {
    const { order, askers } = flight;
    const first = askers.find((asker) => asker.order === order);
    // Who asked again under the same id listens there.
    const reader = askers.findLast(({ id, wantsBody }) => id === first?.id && wantsBody);
    if (reader === undefined) answer.flow?.drop();
    if (order.purpose === 'read' || order.purpose === 'revalidate') this.options.joinable.neverJoin(order.key);
    const { body, status: upstreamStatus } = answer;
    for (const asker of [...askers]) {
      if (asker === reader) {
        const end = endOf(answer, version, { entry: null, kept: null, body, upstreamStatus });
        asker.end({ ...end, flow: answer.flow }, flight);
      } else if (asker.id === reader?.id) asker.end({ kind: 'cancelled' }, flight);
      else if (asker.wantsBody) this.options.askAlone(asker);
      else asker.end(tooLargeEnd(upstreamStatus), flight);
    }
  }

  /** Says what was committed and could not be told; false while it still cannot. Work that comes again finds its entry kept already. */
  async tellUntold(key: string, cause: string): Promise<boolean> {
    const facts = this.untold.get(key);
    if (facts === undefined) return true;
    if (!(await this.options.announcer.stored(facts, cause))) return false;
    if (this.untold.get(key) === facts) this.untold.delete(key);
    return true;
  }

  /**
   * The newest that is known here of a key, where it is newer than what the asker has and may be answered: without a call. At once where
   * nothing has to be read: whoever is told that there is nothing asks in the same tick, or an answer that came in between would be asked
   * for twice.
   */
  fromStore(key: string, have: Version | null): AnsweredEnd | undefined | Promise<AnsweredEnd | undefined> {
    const { completions, known } = this.options;
    const newest = completions.pending(key)?.entry ?? known.get(key)?.entry;
    if (newest === undefined || !isBehind(have, newest)) return undefined;
    if (completions.pending(key)?.body !== undefined) return this.fromMemory(key, have);
    // What was answered while the store was asked is in memory only.
    return this.readFromStore(key).then((stored) => stored ?? this.fromMemory(key, have));
  }

  private fromMemory(key: string, have: Version | null): AnsweredEnd | undefined {
    const pending = this.options.completions.pending(key);
    if (pending?.body === undefined || !isBehind(have, pending.entry)) return undefined;
    return this.isAnswerable(pending.entry) ? storedEnd(pending.entry, pending.body) : undefined;
  }

  private async readFromStore(key: string): Promise<AnsweredEnd | undefined> {
    const stored = await this.options.repository.readByKey(key).catch(() => undefined);
    return stored === undefined || !this.isAnswerable(stored.entry) ? undefined : storedEnd(stored.entry, stored.body);
  }

  private isAnswerable(entry: Entry): boolean {
    const { known, clock } = this.options;
    // What is known to have changed goes to whoever knows since when, and may hold it for stale.
    return !known.isMarked(entry) && !known.isStale(entry) && freshnessOf(entry, clock.now()).kind !== 'expired';
  }

  private entryOf(order: Order, answer: Answered, version: Version): Entry | null {
    if (order.purpose === 'write' || order.purpose === 'pass' || !order.mayStore) return null;
    const { policy, baseUrl, known } = this.options;
    const { partition, upstream, path, urlHash } = order;
    const vary = varyNamesOf(answer.fields);
    if (!this.isStorable(order, answer) || vary.kind === 'any') return null;
    const variant = this.variantOf(vary.names, order.fields);
    const isAsOrdered = variant === order.variant;
    const key = isAsOrdered ? order.key : keyOf({ upstream, url: urlOf(baseUrl, path), partition, variant });
    const entry = entryFrom({
      request: { key, urlHash, upstream, path: order.shownPath, partition, variant, vary: vary.names },
      response: { status: answer.status, fields: answer.fields },
      version,
      requestedAt: answer.requestedAt,
      receivedAt: answer.receivedAt,
      bodyHash: hash('sha256', answer.body, 'hex'),
      bodyBytes: answer.body.byteLength,
      policy,
    });
    // A write was done after this call had left: what it brought may be older than the write.
    return known.isMarked(entry) ? null : entry;
  }

  private isStorable(order: Order, answer: Answered): boolean {
    const storability = storabilityOf({
      method: order.method,
      requestFields: order.fields,
      status: answer.status,
      responseFields: answer.fields,
      partition: order.partition,
      policy: this.options.policy,
    });
    this.options.unstored.note(storability);
    return storability.kind === 'storable';
  }

  private async renew(flight: Flight, answer: Answered, version: Version): Promise<void> {
    const { known, policy } = this.options;
    const wantsBody = flight.askers.some((asker) => asker.wantsBody);
    const stored = await this.stored(flight.order.key, wantsBody);
    if (stored === undefined || !isRenewableBy304(stored.entry, answer.fields)) {
      return this.options.repeatUnconditionally(flight);
    }
    const { requestedAt, receivedAt } = answer;
    const entry = renewedBy304(stored.entry, {
      responseFields: answer.fields,
      version,
      requestedAt,
      receivedAt,
      policy,
    });
    const renewed: Answered = { ...answer, status: entry.status, fields: entry.fields };
    // A 304 may bring a no-store; and a write may have been done while it was on its way.
    const mayKeep = !known.isMarked(entry) && this.isStorable(flight.order, renewed);
    const kept = mayKeep ? this.keep(entry, stored.requestFields, undefined, chargeOf(flight)) : null;
    this.share(
      flight,
      endOf(renewed, version, {
        entry: mayKeep ? entry : null,
        kept,
        body: stored.body,
        upstreamStatus: answer.status,
        said: answer.fields,
      }),
    );
  }

  private async stored(
    key: string,
    wantsBody: boolean,
  ): Promise<{ entry: Entry; requestFields: Fields; body: Uint8Array } | undefined> {
    const pending = this.options.completions.pending(key);
    if (pending?.body !== undefined)
      return { entry: pending.entry, requestFields: pending.requestFields, body: pending.body };
    const known = this.options.known.get(key);
    if (known !== undefined && !wantsBody) return { ...known, body: NOTHING };
    const read = await this.options.repository.readByKey(key).catch(() => undefined);
    if (read === undefined || this.options.known.isMarked(read.entry)) return undefined;
    const isKnownNewer = known !== undefined && isNewer(known.entry.version, read.entry.version);
    const entry = isKnownNewer && known.entry.bodyHash === read.entry.bodyHash ? known.entry : read.entry;
    return { entry, requestFields: read.requestFields, body: read.body };
  }

  /** Told once committed; whoever waits for `kept` says what it has to say after that. */
  private async keep(entry: Entry, fields: Fields, body: Uint8Array | undefined, charge: Charge): Promise<Told> {
    const { known, completions, announcer, describe } = this.options;
    const described = describe(entry, body); // by what was known before
    // The credentials of a client are never stored; its partition tells them apart.
    const requestFields = selectingFields(entry, withoutCredentials(fields, this.options.credentialFields));
    known.put({ entry, requestFields });
    const kept = await completions.keep(entry, requestFields, body, described);
    if (kept.kind === 'refused') known.forget(entry.key);
    if (kept.kind !== 'written') return kept;
    const facts = storedFactsOf(entry, kept);
    // Told with it, so that it is planned again at once also by whoever has not heard of the mark.
    if (known.isStale(entry)) Object.assign(facts, { knownStale: true });
    if (charge.cost !== 1) Object.assign(facts, { cost: charge.cost });
    if (await announcer.stored(facts, charge.cause)) return kept;
    this.untold.set(entry.key, facts);
    return { kind: 'untold', key: entry.key };
  }

  /**
   * The one whose order was sent gets what it asked for, if it still waits. Who joined gets it only where the store could have answered
   * it too; else all of them are let go at once to calls of their own. Who asked again under the same id is still the one who asked.
   */
  private share(flight: Flight, end: AnsweredEnd): void {
    const first = flight.askers.find(({ order }) => order === flight.order);
    const joined = flight.askers.filter((asker) => asker !== first);
    first?.end(end, flight);
    if (end.entry !== null) this.options.joinable.varies(flight.order.key, end.entry.vary);
    if (joined.length === 0) return;
    const others = joined.filter((asker) => asker.id !== first?.id);
    const stored: AnsweredEnd = end.asItCame === undefined ? end : { ...end, asItCame: undefined };
    const alone = others.filter((asker) => asker.wantsBody && !this.isShareable(asker, flight, end.entry));
    if (alone.length > 0 && end.entry === null) this.options.joinable.neverJoin(flight.order.key);
    for (const asker of joined) {
      if (alone.includes(asker)) this.options.askAlone(asker);
      else asker.end({ ...stored, collapsed: true }, flight);
    }
  }

  private isShareable(asker: Asker, flight: Flight, entry: Entry | null): boolean {
    if (entry === null || asker.order.partition !== flight.order.partition) return false;
    return this.variantOf(entry.vary, asker.order.fields) === entry.variant;
  }

  /** A variant's name is stored and not keyed: credentials are told apart by the partition alone. */
  private variantOf(names: readonly string[], fields: Fields): string {
    return names.length === 0 ? '' : variantOf(names, withoutCredentials(fields, this.options.credentialFields));
  }
}

const NOTHING = new Uint8Array(0);
const REMEMBERED_UNTOLD = 20_000;

/** What an entry came by. */
export interface Charge {
  readonly cause: string;
  /** Calls' worth. */
  readonly cost: number;
}

function chargeOf(flight: Flight): Charge {
  return { cause: flight.askers[0]?.id ?? flight.id, cost: costEach(flight) };
}

/** Whether an asker that has this version lacks that entry. */
function isBehind(have: Version | null, { version }: Entry): boolean {
  return have === null || isNewer(version, have);
}

function isNewer(a: Version, b: Version): boolean {
  return compareVersions(a, b) > 0;
}

/** What asks for the same representation again: the fields named by Vary, and those by which APIs choose without saying so. */
const CHOOSING = new Set(['accept', 'accept-language']);

function selectingFields({ vary }: Entry, fields: Fields): Fields {
  return fields.filter(([name]) => {
    const lowercase = name.toLowerCase();
    return CHOOSING.has(lowercase) || vary.includes(lowercase);
  });
}
