import type { LeaseHeld, ScopeStore, ScopeWatch } from '#bus';
import type { Block, GateSet, Reservation, ReservationRecord, ScopedChange, SetRecord } from '#core';
import type { Clock, Logger } from '#runtime';
import type { ScopeViewRepository, ScopeViewWriter } from '#store';

/** What is kept of an upstream's limits between holders: the gates' record, what is reserved beyond it, by whom, and whether it was left in order. */
export interface KeptScope {
  readonly fence: number;
  /** Written by a holder that had ended all it sent, and not taken up since. */
  readonly clean: boolean;
  readonly gate: SetRecord;
  /** Absent: written by a version that reserved nothing. */
  readonly reserved?: ReservationRecord;
}

export interface ScopesOptions {
  readonly upstream: string;
  readonly scopes: ScopeStore<KeptScope>;
  readonly reader: ScopeViewRepository;
  readonly writer: ScopeViewWriter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One holding, for as long as it lasts. */
export interface KeptFor {
  readonly lease: LeaseHeld;
  readonly gates: GateSet;
  readonly reservation: Reservation;
  /** Another writer has raised a pause. */
  onChanges(changes: readonly ScopedChange[]): void;
  /** More may leave. */
  onReserved(): void;
}

interface FoundScope {
  readonly kept: KeptScope;
  /** The server's time; undefined: a copy, of which nobody knows whether it is the newest. */
  readonly storedAtMs: number | undefined;
}

const WHOLE_UPSTREAM = 'upstream';
const MOST_TRIES = 20;
const LOOK_EVERY_MS = 50;
const AGAIN_AFTER_MS = 100;
const LAST_WORDS_WITHIN_MS = 30_000;
const LAST_WORDS_EVERY_MS = 200;

/**
 * The durable side of the limits of one holding: in KV for the next holder, with a copy in PostgreSQL for reading and for an emptied NATS.
 *
 * Every write says what was sent so far and reserves what may be sent next; calls leave only within what was acknowledged. One write is
 * on its way at a time, and the next is on its way well before the block of the last is over.
 */
export class ScopesService {
  private keptFor: KeptFor | undefined;
  private revision = 0;
  private watch: ScopeWatch | undefined;
  private looking: NodeJS.Timeout | undefined;
  private writing: Promise<unknown> = Promise.resolve();
  private queuedWrite: Promise<Written> | undefined;
  private copying: Promise<void> = Promise.resolve();
  private queuedCopy: Promise<void> | undefined;
  private notBeforeMs = 0;
  private isOver = false;

  constructor(private readonly options: ScopesOptions) {}

  /**
   * 1 + the highest fence known to NATS and to PostgreSQL, written to both before it is used. One of the two is enough to go by while the
   * other is away, but not an emptied NATS alone.
   */
  async nextFence(): Promise<number> {
    const { upstream, scopes, reader } = this.options;
    const [inScopes, inView] = await Promise.allSettled([
      scopes.highestFence(upstream),
      reader.readHighestFence(upstream),
    ]);
    if (inScopes.status === 'rejected') throw inScopes.reason;
    if (inView.status === 'rejected' && inScopes.value === 0) throw inView.reason;
    const fence = 1 + Math.max(inScopes.value, inView.status === 'fulfilled' ? inView.value : 0);
    const [raised] = await Promise.all([scopes.raiseFence(upstream, fence), this.writeView('fence', fence, { fence })]);
    if (raised > fence) throw new Error(`fence ${fence} of ${upstream} was overtaken by ${raised}`);
    return fence;
  }

  /** Takes up what the last holder left. From then on its record is ours, with a first block. */
  async open(keptFor: KeptFor): Promise<void> {
    this.keptFor = keptFor;
    this.restore(await this.find(), keptFor);
    keptFor.reservation.expect();
    await this.queueWrite(false);
    void this.queueCopy(false);
    this.follow(keptFor);
    this.looking = setInterval(() => this.reserve(), LOOK_EVERY_MS);
  }

  /** Asks for a further block where one is needed. Cheap to call too often. */
  reserve(): void {
    const nowMs = this.options.clock.now();
    if (this.queuedWrite !== undefined || this.isOver || nowMs < this.notBeforeMs) return;
    if (this.keptFor?.reservation.need(nowMs) !== undefined) void this.queueWrite(false);
  }

  /** What changes meanwhile is in the next write. */
  async save(): Promise<void> {
    await this.queueWrite(false);
    await this.queueCopy(false);
  }

  /** `clean`: all that was sent has ended. */
  async close(clean: boolean): Promise<void> {
    this.stop();
    await this.queueWrite(clean);
    await this.queueCopy(clean);
  }

  /**
   * The lease is lost and we are not: that nothing more leaves, and later that all has ended, is worth knowing to the next holder, above all
   * when NATS came back empty. Never over what a later holder wrote.
   */
  async leaveLastWords(inFlight: () => number): Promise<void> {
    this.stop();
    const untilMs = this.options.clock.now() + LAST_WORDS_WITHIN_MS;
    let told: number | undefined;
    while (told !== 0 && this.options.clock.now() < untilMs) {
      const open = inFlight();
      if (open !== told) {
        const written = await this.queueWrite(false);
        if (written === 'overtaken') return;
        if (written === 'written') told = open;
      }
      if (told !== 0) await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_EVERY_MS));
    }
  }

  /** Writes and hears no more; what is reserved runs out by itself. */
  stop(): void {
    this.isOver = true;
    this.watch?.close();
    clearInterval(this.looking);
  }

  private async find(): Promise<FoundScope | undefined> {
    const { upstream, scopes, reader } = this.options;
    const stored = await scopes.readScope(upstream);
    if (stored !== null) this.revision = stored.revision;
    if (stored !== null) return { kept: stored.value, storedAtMs: stored.storedAtMs };
    const views = await reader.readScopeViews(upstream).catch(() => []);
    const view = views.find(({ scope }) => scope === WHOLE_UPSTREAM);
    return view === undefined ? undefined : { kept: view.record as KeptScope, storedAtMs: undefined };
  }

  private restore(found: FoundScope | undefined, { gates, reservation, lease }: KeptFor): void {
    const nowMs = this.options.clock.now();
    if (found === undefined) return gates.restore(undefined, { clean: true }, nowMs);
    const { kept, storedAtMs } = found;
    const at = { elapsedMs: 0, takenAtMs: lease.heardAtMs };
    if (storedAtMs === undefined) {
      // The last holder's last words, and nobody held the upstream since: nothing is open.
      const isLast = kept.clean && kept.fence === lease.fence - 1;
      if (!isLast) reservation.restore(undefined, at, nowMs);
      return gates.restore(kept.gate, { clean: false }, nowMs);
    }
    // Two timestamps of one server, and the time since by our own clock: no two clocks are compared.
    const elapsedMs = Math.max(0, lease.storedAtMs - storedAtMs + nowMs - lease.heardAtMs);
    const unreported = reservation.restore(kept.reserved, { ...at, elapsedMs }, nowMs);
    gates.restore(kept.gate, { clean: kept.clean, elapsedMs, ...(unreported && { unreported }) }, nowMs);
  }

  /** A pause that another wrote is applied on arrival. What we wrote ourselves may be overtaken by a resume, and must not bring the pause back. */
  private follow(keptFor: KeptFor): void {
    this.watch = this.options.scopes.watchScopes(this.options.upstream, (_, found) => {
      if (found !== null) this.mergeOthers(found.value, keptFor);
    });
  }

  private mergeOthers(found: KeptScope, { gates, lease, onChanges }: KeptFor): void {
    if (found.fence === lease.fence || this.isOver) return;
    const changes = gates.merge(found.gate, this.options.clock.now());
    if (changes.length > 0) onChanges(changes);
  }

  /** One at a time; what changes meanwhile is in the next one. */
  private queueWrite(clean: boolean): Promise<Written> {
    if (this.queuedWrite !== undefined && !clean) return this.queuedWrite;
    this.queuedWrite = this.writing.then(() => {
      this.queuedWrite = undefined;
      return this.write(clean);
    });
    this.writing = this.queuedWrite;
    return this.queuedWrite;
  }

  private queueCopy(clean: boolean): Promise<void> {
    if (this.queuedCopy !== undefined && !clean) return this.queuedCopy;
    this.queuedCopy = this.copying.then(() => {
      this.queuedCopy = undefined;
      return this.copy(clean);
    });
    this.copying = this.queuedCopy;
    return this.queuedCopy;
  }

  private async write(clean: boolean): Promise<Written> {
    const { keptFor } = this;
    if (keptFor === undefined) return 'overtaken';
    const { reservation } = keptFor;
    const block = this.isOver ? undefined : reservation.need(this.options.clock.now());
    const kept = this.record(keptFor, clean, block);
    if (block !== undefined) reservation.asked(block);
    const written = await this.put(kept, keptFor);
    if (block === undefined) return written;
    if (written === 'failed') {
      reservation.unanswered();
      this.notBeforeMs = this.options.clock.now() + AGAIN_AFTER_MS;
    } else if (written === 'written') {
      reservation.granted(block);
      keptFor.onReserved();
    }
    return written;
  }

  private record({ gates, reservation, lease }: KeptFor, clean: boolean, block: Block | undefined): KeptScope {
    const nowMs = this.options.clock.now();
    const promised = block ?? (this.isOver ? undefined : reservation.current(nowMs));
    return { fence: lease.fence, clean, gate: gates.snapshot(nowMs), reserved: reservation.record(promised, nowMs) };
  }

  /** A holder never overwrites what a later one wrote. */
  private async put(kept: KeptScope, keptFor: KeptFor): Promise<Written> {
    const { upstream, scopes, logger } = this.options;
    try {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const revision = await scopes.writeScope(upstream, kept, this.revision);
        if (revision !== null) {
          this.revision = revision;
          return 'written';
        }
        const found = await scopes.readScope(upstream);
        if (found !== null && found.value.fence > kept.fence) return 'overtaken';
        if (found !== null) this.mergeOthers(found.value, keptFor);
        this.revision = found?.revision ?? 0;
      }
    } catch (error) {
      logger.warn({ err: error, upstream }, 'the state of the limits could not be written to NATS');
    }
    return 'failed';
  }

  private async copy(clean: boolean): Promise<void> {
    if (this.keptFor === undefined) return;
    await this.writeView(WHOLE_UPSTREAM, this.keptFor.lease.fence, this.record(this.keptFor, clean, undefined));
  }

  private async writeView(scope: string, fence: number, record: object): Promise<void> {
    const { upstream, writer, logger } = this.options;
    try {
      await writer.writeScopeView({ upstream, scope, fence, record });
    } catch (error) {
      logger.warn({ err: error, upstream, scope }, 'the state of the limits could not be copied to PostgreSQL');
    }
  }
}

/** `overtaken`: a later holder has written. `failed`: it may have been stored or not. */
type Written = 'written' | 'overtaken' | 'failed';
