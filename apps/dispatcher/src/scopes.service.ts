import type { ScopeStore, ScopeWatch } from '#bus';
import type { GateSet, ScopedChange, SetRecord } from '#core';
import type { Clock, Logger } from '#runtime';
import type { ScopeViewRepository, ScopeViewWriter } from '#store';

/** What is kept of a scope between holders: the gate's record, by whom, and whether it was left in order. */
export interface KeptScope {
  readonly fence: number;
  /** Written by a holder that had ended all it sent, and not taken up since. */
  readonly clean: boolean;
  readonly gate: SetRecord;
}

export interface ScopesOptions {
  readonly upstream: string;
  readonly scopes: ScopeStore<KeptScope>;
  readonly reader: ScopeViewRepository;
  readonly writer: ScopeViewWriter;
  readonly clock: Clock;
  readonly logger: Logger;
}

const WHOLE_UPSTREAM = 'upstream';

/** The durable side of the limits: in KV for the next holder, with a copy in PostgreSQL for reading and for an emptied NATS. */
export class ScopesService {
  private watch: ScopeWatch | undefined;
  private saving: Promise<void> = Promise.resolve();
  private isSavePending = false;

  constructor(private readonly options: ScopesOptions) {}

  /**
   * 1 + the highest fence known to NATS and to PostgreSQL, written to both before it is used. One of the two is enough to go by while the
   * other is away, but not an emptied NATS alone.
   */
  async nextFence(): Promise<number> {
    const { upstream, scopes, reader } = this.options;
    const inScopes = await scopes.highestFence(upstream);
    const inView = await reader.readHighestFence(upstream).catch((error: unknown) => {
      if (inScopes > 0) return 0;
      throw error;
    });
    const fence = 1 + Math.max(inScopes, inView);
    const raised = await scopes.raiseFence(upstream, fence);
    if (raised > fence) throw new Error(`fence ${fence} of ${upstream} was overtaken by ${raised}`);
    await this.writeView('fence', fence, { fence });
    return fence;
  }

  /** What the last holder left, from wherever more is known. */
  async read(): Promise<KeptScope | undefined> {
    const { upstream, scopes, reader } = this.options;
    const kept = await scopes.readScope(upstream);
    if (kept !== null) return kept.value;
    const views = await reader.readScopeViews(upstream).catch(() => []);
    const view = views.find(({ scope }) => scope === WHOLE_UPSTREAM);
    return view === undefined ? undefined : { ...(view.record as KeptScope), clean: false };
  }

  /** A pause that another wrote is applied on arrival. What we wrote ourselves may be overtaken by a resume, and must not bring the pause back. */
  follow(gate: GateSet, fence: number, onChanges: (changes: readonly ScopedChange[]) => void): void {
    const { upstream, scopes, clock } = this.options;
    this.watch = scopes.watchScopes(upstream, (_, found) => {
      if (found === null || found.value.fence === fence) return;
      const changes = gate.merge(found.value.gate, clock.now());
      if (changes.length > 0) onChanges(changes);
    });
  }

  /** One write at a time; what changes meanwhile is in the next one. */
  save(gate: GateSet, fence: number, clean: boolean): Promise<void> {
    if (this.isSavePending && !clean) return this.saving;
    this.isSavePending = true;
    this.saving = this.saving.then(() => {
      this.isSavePending = false;
      return this.write(gate, fence, clean);
    });
    return this.saving;
  }

  /** A holder never overwrites what a later one wrote. */
  private async write(gate: GateSet, fence: number, clean: boolean): Promise<void> {
    const { upstream, scopes, clock, logger } = this.options;
    const kept: KeptScope = { fence, clean, gate: gate.snapshot(clock.now()) };
    try {
      await scopes.casScope(upstream, (current) => (current !== undefined && current.fence > fence ? current : kept));
    } catch (error) {
      logger.warn({ err: error, upstream }, 'the state of the limits could not be written to NATS');
    }
    await this.writeView(WHOLE_UPSTREAM, fence, kept);
  }

  private async writeView(scope: string, fence: number, record: object): Promise<void> {
    const { upstream, writer, logger } = this.options;
    try {
      await writer.writeScopeView({ upstream, scope, fence, record });
    } catch (error) {
      logger.warn({ err: error, upstream, scope }, 'the state of the limits could not be copied to PostgreSQL');
    }
  }

  stop(): void {
    this.watch?.close();
  }
}
