import { join } from 'node:path';
import type { StackConfig } from './config.js';
import { takeDataFolder, type DataFolder } from './data-folder.js';
import { clearLeftServers } from './left-behind.js';
import { findNatsServer, natsCacheDirs, realSources } from './nats-server-binary.js';
import { freePort, requirePorts } from './ports.js';
import type { Progress } from './progress.js';
import { natsServer, postgresServer, requireNats, requirePostgres } from './servers.js';
import { Service, type ServiceSpec } from './service.js';
import { builtEntry, demoSpec, serviceNames, serviceSpec, type ServiceSetting } from './services.js';
import { stopAll, type Supervised } from './supervised.js';

export interface StackUrls {
  postgres: string;
  nats: string;
}

/**
 * Everything that `npm start` runs: two servers, the demo upstream, four services, each a process of its own.
 * `stop()` may be called at any time, also while `start()` is under way, which then rejects.
 */
export class Stack {
  private readonly services: Service[] = [];
  private readonly servers: Supervised[] = [];
  private readonly over = new AbortController();
  private starting: Promise<StackUrls> | undefined;
  private stopping: Promise<void> | undefined;
  private folder: DataFolder | undefined;

  constructor(
    private readonly config: StackConfig,
    private readonly progress: Progress,
    private readonly entryOf: (app: string) => string = builtEntry,
  ) {}

  async start(): Promise<StackUrls> {
    this.starting = this.bringUp();
    try {
      return await this.starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.stopping ??= this.bringDown();
    return this.stopping;
  }

  /** The last resort of a second Ctrl-C. */
  async kill(): Promise<void> {
    this.over.abort();
    await stopAll([...this.services, ...this.servers], 0);
  }

  private async bringUp(): Promise<StackUrls> {
    const { config } = this;
    this.folder = takeDataFolder(config.dataDir);
    if (this.folder.leftBehind) this.progress.warn('the last start was killed: waiting until its processes have ended');
    if (this.folder.leftBehind) await clearLeftServers(this.place('postgres'), this.place('nats'));
    await requirePorts(config, this.folder.leftBehind ? 6_000 : 0);
    const [postgres, nats] = await Promise.all([this.postgres(), this.nats()]);
    await this.startServices({ postgres, nats });
    return { postgres, nats };
  }

  private async bringDown(): Promise<void> {
    this.over.abort(new Error('stopped'));
    await stopAll(this.services);
    await stopAll(this.servers);
    await this.starting?.catch(() => undefined);
    await Promise.all(this.services.map((service) => service.closeLog()));
    this.folder?.release();
  }

  private async postgres(): Promise<string> {
    const { config, progress } = this;
    if (config.postgresUrl) {
      await requirePostgres(config.postgresUrl, this.over.signal);
      return config.postgresUrl;
    }
    progress.step(`starting PostgreSQL (data in ${this.place('postgres')})`);
    const place = { dataDir: this.place('postgres'), logDir: this.place('log'), port: await freePort(), durable: true };
    const { url, server } = postgresServer(place, progress);
    return this.startServer(url, server);
  }

  private async nats(): Promise<string> {
    const { config, progress } = this;
    if (config.natsUrl) {
      await requireNats(config.natsUrl, this.over.signal);
      return config.natsUrl;
    }
    const sources = realSources(natsCacheDirs(config.dataDir, config.passedOn), config.passedOn, this.over.signal);
    const { path, version } = await findNatsServer(sources, progress);
    progress.step(`starting nats-server ${version} (${path})`);
    const place = { dataDir: this.place('nats'), logDir: this.place('log'), port: await freePort(), binary: path };
    const { url, server } = natsServer(place, progress);
    return this.startServer(url, server);
  }

  private async startServer(url: string, server: Supervised): Promise<string> {
    this.over.signal.throwIfAborted();
    this.servers.push(server);
    await server.start();
    this.progress.step(`${server.name} is ready`);
    return url;
  }

  private async startServices({ postgres, nats }: StackUrls): Promise<void> {
    const { config } = this;
    const setting: ServiceSetting = {
      ...config,
      postgresUrl: postgres,
      natsUrl: nats,
      configFile: config.configuration.path,
      logDir: this.place('log'),
      entryOf: this.entryOf,
    };
    if (config.configuration.kind === 'example') {
      this.progress.step('starting the demo upstream');
      await this.startService(demoSpec(setting));
    }
    this.progress.step(`starting ${serviceNames.join(', ')}`);
    await Promise.all(serviceNames.map((name) => this.startService(serviceSpec(name, setting))));
  }

  private async startService(spec: ServiceSpec): Promise<void> {
    this.over.signal.throwIfAborted();
    const service = Service.of(spec, this.progress);
    this.services.push(service);
    await service.start();
    this.progress.step(`${spec.name} is ready`);
  }

  private place(name: string): string {
    return join(this.config.dataDir, name);
  }
}
