import { createLeaseKeeper, createScopeStore } from '#bus';
import type { Bus, JetStreamStrategy, LeaseHeld, LeaseKeeper, MemberList, Membership, Publisher } from '#bus';
import { leaseKeys, resolveReference } from '#contracts';
import type { ReferenceSource, UpstreamConfig } from '#contracts';
import type { Fields } from '#core';
import type { Chance, Clock, ConfiguredUpstream, Environment, Logger } from '#runtime';
import type {
  EntryRepository,
  EntryWriter,
  ListCursorRepository,
  ListCursorWriter,
  ScopeViewRepository,
  ScopeViewWriter,
  StaleMarkWriter,
} from '#store';
import { readFileSync } from 'node:fs';
import type { Announcer } from './announcer.js';
import type { CompletionsService } from './completions.service.js';
import type { DispatchMetrics } from './dispatch-metrics.js';
import { HoldingService } from './holding.service.js';
import { KnownEntries } from './known-entries.js';
import type { RepliesService } from './replies.service.js';
import { ScopesService } from './scopes.service.js';
import type { KeptScope } from './scopes.service.js';
import { transportOf } from './transport-settings.js';
import { createUpstreamClient } from './upstream.client.js';
import type { UpstreamClient } from './upstream.client.js';

export interface HoldersOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly strategy: JetStreamStrategy;
  readonly membership: Membership;
  readonly members: MemberList;
  readonly announcer: Announcer;
  readonly completions: CompletionsService;
  readonly replies: RepliesService;
  readonly repository: EntryRepository;
  readonly writer: EntryWriter;
  readonly staleMarks: StaleMarkWriter;
  readonly cursors: ListCursorRepository & ListCursorWriter;
  readonly scopeReader: ScopeViewRepository;
  readonly scopeWriter: ScopeViewWriter;
  readonly metrics: DispatchMetrics;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly logger: Logger;
}

/** What this replica keeps for one upstream, whether it holds it or stands by. */
interface Seat {
  readonly config: UpstreamConfig;
  readonly client: UpstreamClient;
  readonly lease: LeaseKeeper;
  holding: HoldingService | undefined;
}

/** Stands for every upstream of the configuration, and holds those whose lease it has. */
export class HoldersService {
  private readonly seats = new Map<string, Seat>();

  constructor(private readonly options: HoldersOptions) {}

  holdingOf(upstream: string): HoldingService | undefined {
    return this.seats.get(upstream)?.holding;
  }

  holdsAny(): boolean {
    return [...this.seats.values()].some((seat) => seat.holding !== undefined);
  }

  /** Upstreams that are gone or changed are let go; those that are new or changed are stood for. */
  async apply(configured: readonly ConfiguredUpstream<UpstreamConfig>[]): Promise<void> {
    const wanted = new Map(configured.map(({ id, config }) => [id, config]));
    const outdated = [...this.seats].filter(
      ([id, seat]) => JSON.stringify(wanted.get(id)) !== JSON.stringify(seat.config),
    );
    await Promise.all(outdated.map(([id, seat]) => this.leave(id, seat)));
    for (const [id, config] of wanted) if (!this.seats.has(id)) this.standFor(config);
  }

  async close(): Promise<void> {
    await Promise.all([...this.seats].map(([id, seat]) => this.leave(id, seat)));
  }

  private async leave(id: string, seat: Seat): Promise<void> {
    this.seats.delete(id);
    await seat.lease.release();
    await seat.client.close();
  }

  private standFor(config: UpstreamConfig): void {
    const { bus, clock, membership, members, logger } = this.options;
    const scopes = this.scopesOf(config);
    const seat: Seat = {
      config,
      client: this.clientOf(config),
      holding: undefined,
      lease: createLeaseKeeper({
        bus,
        key: leaseKeys.upstream(config.id),
        holder: membership.id,
        clock,
        nextFence: () => scopes.nextFence(),
        onHeld: (held) => this.hold(seat, held),
        onEnded: async (end) => {
          logger.info({ upstream: config.id, end }, 'the upstream is held no more');
          await this.letGo(seat, end === 'released' || end === 'handed-over');
        },
        steadyMembers: () => members.steady(),
      }),
    };
    this.seats.set(config.id, seat);
  }

  private async hold(seat: Seat, lease: LeaseHeld): Promise<void> {
    const { config, client } = seat;
    const { fence } = lease;
    const { membership, logger } = this.options;
    const known = new KnownEntries();
    const credential = this.credentialOf(config);
    const holding = new HoldingService({
      ...this.options,
      ...{ config, fence, lease, credential, client, known },
      scopes: this.scopesOf(config),
      holder: membership.id,
      mayStillSend: () => seat.lease.fence() === fence,
    });
    seat.holding = holding;
    await holding.open();
    logger.info({ upstream: config.id, fence }, 'the upstream is held here');
  }

  private async letGo(seat: Seat, clean: boolean): Promise<void> {
    const { holding } = seat;
    seat.holding = undefined;
    this.options.metrics.forget(seat.config.id);
    await holding?.close({ clean });
  }

  private scopesOf(config: UpstreamConfig): ScopesService {
    const { bus, clock, logger, scopeReader, scopeWriter } = this.options;
    const scopes = createScopeStore<KeptScope>(bus);
    return new ScopesService({ upstream: config.id, scopes, reader: scopeReader, writer: scopeWriter, clock, logger });
  }

  private clientOf(config: UpstreamConfig): UpstreamClient {
    const { baseUrl, limits, timeouts, cache, allowPrivateAddresses } = config;
    return createUpstreamClient({
      ...transportOf(config, this.references()),
      baseUrl,
      connections: limits.concurrency,
      connectTimeoutMs: timeouts.connectMs,
      responseTimeoutMs: timeouts.responseMs,
      bodyTimeoutMs: timeouts.bodyMs,
      maxBodyBytes: cache.maxBodyBytes,
      allowPrivateAddresses,
      clock: this.options.clock,
    });
  }

  private references(): ReferenceSource {
    return { env: this.options.environment.variables, readFile: (path) => readFileSync(path, 'utf8') };
  }

  /** The secret lives here only, and only in memory. */
  private credentialOf({ id, credentials }: UpstreamConfig): Fields {
    if (credentials === undefined) return [];
    const resolved = resolveReference(credentials.value, this.references());
    if (resolved.kind === 'resolved') return [[credentials.header, resolved.value]];
    throw new Error(
      `the credential of upstream ${id} cannot be resolved here: ${resolved.what}; set it for the dispatcher too`,
    );
  }
}
