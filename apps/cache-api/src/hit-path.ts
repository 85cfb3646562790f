import { freshnessOf, renderCacheStatus, SHARED_PARTITION } from '#core';
import type { Freshness } from '#core';
import type { Clock } from '#runtime';
import type { AnswerMetrics } from './answer-metrics.js';
import type { AnswerService } from './answer.service.js';
import { askerOf } from './asker.js';
import type { Asker } from './asker.js';
import { respond } from './client-answers.js';
import type { ClientCall } from './client-call.js';
import type { DirectoryService } from './directory.service.js';
import type { EntriesService } from './entries.service.js';
import type { HeldEntry, Slot } from './entry-map.js';
import { HitRoutes, placeId } from './hit-routes.js';
import type { HitRoute } from './hit-routes.js';
import type { ReadsService } from './reads.service.js';
import { headAt, readyHeadOf } from './ready-head.js';
import type { ReadyHead } from './ready-head.js';
import type { RefreshService } from './refresh.service.js';

export interface HitPathParts {
  readonly entries: EntriesService;
  readonly refresh: RefreshService;
  readonly reads: ReadsService;
  readonly heldEntries: () => number;
}

export interface HitPathOptions extends HitPathParts {
  readonly directory: DirectoryService;
  readonly answers: AnswerService;
  readonly metrics: AnswerMetrics;
  readonly clock: Clock;
  readonly keepAliveMs: number;
  /** Whether this Proxy-Authorization (empty: none) may ask at all. */
  readonly isAdmitted: (proxyAuthorization: string) => boolean;
}

/** What goes onto the socket. */
export interface Hit {
  readonly head: string;
  readonly body: Uint8Array;
}

/** How the entry was come by, and how old it is. */
interface Found {
  readonly route: HitRoute;
  readonly asker: Asker;
  readonly freshness: Freshness;
  readonly nowMs: number;
}

const LONGEST_HEAD_BYTES = 8 * 1024;
const MOST_ASKERS = 1_024;
const PREFIX = 'GET ';
const SUFFIX = ' HTTP/1.1';
const END = '\r\n\r\n';

/**
 * Most calls are a GET, from a client that has asked before, for something that lies in memory and may be answered as it is. They are
 * known by the bytes of their header section, which were looked at once, and by those of their target; what is answered is a header
 * section that was made once, an age and a ttl. Whatever does not fit that is for the general path: nothing here decides anything
 * that the general path would decide otherwise.
 */
export class HitPath {
  /** By header section. Undefined: known not to fit. */
  private readonly askers = new Map<string, Asker | undefined>();
  private readonly routes: HitRoutes;

  constructor(private readonly options: HitPathOptions) {
    this.routes = new HitRoutes(options.heldEntries);
  }

  /** The general path has answered this from what is kept: the next time it need not. */
  learn(target: string, call: ClientCall): void {
    this.routes.learn(target, call);
  }

  /** Of bytes that are one whole request, nothing before it and nothing after; undefined for all that is not plainly a hit. */
  answer(request: Buffer): Hit | undefined {
    const end = request.length - END.length;
    if (end > LONGEST_HEAD_BYTES) return undefined;
    const text = request.toString('latin1');
    // RFC 9112 6.1, 6.3: without Content-Length and Transfer-Encoding, which no asker has, the request ends with its header section. An
    // empty line before this one would stand in the target or in the section, and neither is known with one.
    if (!text.startsWith(PREFIX) || !text.endsWith(END)) return undefined;
    const lineEnd = text.indexOf('\r\n');
    if (!text.endsWith(SUFFIX, lineEnd)) return undefined;
    const route = this.routes.get(text.slice(PREFIX.length, lineEnd - SUFFIX.length));
    if (route === undefined || this.options.directory.get(route.upstream.id) !== route.upstream) return undefined;
    const asker = this.askerOf(text.slice(lineEnd + 2, end));
    return asker === undefined ? undefined : this.fromMemory(route, asker);
  }

  private askerOf(section: string): Asker | undefined {
    const known = this.askers.get(section);
    if (known !== undefined || this.askers.has(section)) return known;
    if (this.askers.size >= MOST_ASKERS) this.askers.clear();
    const asker = askerOf(section, this.options.isAdmitted);
    // A copy: a slice would keep the whole request alive.
    this.askers.set(Buffer.from(section, 'latin1').toString('latin1'), asker);
    return asker;
  }

  private fromMemory(route: HitRoute, asker: Asker): Hit | undefined {
    const { entries, clock } = this.options;
    const partition = asker.partitionAt(route.upstream);
    const id = partition === SHARED_PARTITION ? route.sharedId : placeId(route.upstream, partition, route.url);
    const nowMs = clock.now();
    const slot = entries.inMemoryAt(id, nowMs);
    const held = slot === undefined ? undefined : choose(slot, route, asker);
    if (held === undefined) return undefined;
    const freshness = freshnessOf(held.entry, nowMs);
    return freshness.kind === 'expired' ? undefined : this.hit({ route, asker, freshness, nowMs }, held);
  }

  private hit({ route, asker, freshness, nowMs }: Found, held: HeldEntry): Hit | undefined {
    const { answers, refresh, reads, metrics, clock, keepAliveMs } = this.options;
    const { entry } = held;
    const { upstream, path } = route;
    if (refresh.isWanted(upstream, path, entry, freshness)) return undefined;
    const ready = held.ready === undefined ? (held.ready = readyOf(route, held, keepAliveMs)) : held.ready;
    if (ready === null || (ready.coding !== undefined && !asker.takes(ready.coding))) return undefined;
    const status = renderCacheStatus(answers.hitStatus(upstream, entry, freshness));
    const ageS = Math.floor(freshness.ageMs / 1000);
    reads.count(entry);
    metrics.early();
    metrics.answered(upstream.id, freshness.kind === 'fresh' ? 'hit' : 'stale', clock.now() - nowMs);
    return { head: headAt(ready, ageS, status), body: held.body };
  }
}

/** As the general path chooses: the newest whose variant is asked for. */
function choose({ entries }: Slot, { upstream }: HitRoute, asker: Asker): HeldEntry | undefined {
  for (const held of entries) if (asker.variantAt(upstream, held.entry.vary) === held.entry.variant) return held;
  return undefined;
}

/** Null: what the general path makes of this entry cannot be sent as it is. */
function readyOf({ upstream, path }: HitRoute, held: HeldEntry, keepAliveMs: number): ReadyHead | null {
  const asked = { method: 'GET', path, fields: [], upstream };
  const answer = respond(asked, held, { status: { kind: 'hit', ttlMs: 0 }, ageMs: 0, outcome: 'hit' });
  if (answer.body !== held.body) return null;
  return readyHeadOf(answer, keepAliveMs) ?? null;
}
