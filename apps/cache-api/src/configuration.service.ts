import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { describeFaults, expandResourcePattern, parseConfig } from '#contracts';
import type { PenstockConfig, UpstreamConfig } from '#contracts';
import type { Environment, Logger } from '#runtime';
import type { Resource, ResourceWriter, UpstreamWriter } from '#store';
import { placeInStore } from './upstream-view.js';

const DEFAULT_DEMO_PORT = '8090';
const FILE_PREFIX = 'file:';

export class ConfigurationFault extends Error {
  override readonly name = 'ConfigurationFault';
  readonly code = 'configuration_fault';
}

/** Reads the configuration file, and commits it for everyone. A bad file changes nothing. */
export class ConfigurationService {
  constructor(
    private readonly environment: Environment,
    private readonly upstreams: UpstreamWriter,
    private readonly resources: ResourceWriter,
    private readonly logger: Logger,
  ) {}

  /** @throws ConfigurationFault that lists every fault. */
  async read(): Promise<PenstockConfig> {
    const fileName = this.fileName();
    const text = await readFile(fileName, 'utf8').catch((cause: unknown) => {
      throw new ConfigurationFault(`the configuration ${fileName} cannot be read; check PENSTOCK_CONFIG`, { cause });
    });
    const env = { PENSTOCK_DEMO_PORT: DEFAULT_DEMO_PORT, ...this.environment.variables };
    const result = parseConfig(text, { env, fileName });
    if (result.kind === 'invalid') throw new ConfigurationFault(describeFaults(result.faults, fileName));
    for (const warning of result.warnings) this.logger.warn({ file: fileName }, warning);
    return result.config;
  }

  /** Answers the version in force. */
  async commit(config: PenstockConfig): Promise<number> {
    const { version, isNew } = await this.upstreams.applyConfig(new Map(config.upstreams));
    for (const upstream of config.upstreams.values()) {
      await this.resources.replaceConfigured(upstream.id, await this.resourcesOf(upstream));
    }
    await this.resources.forgetUpstreamsExcept([...config.upstreams.keys()]);
    this.logger.info({ version, isNew, upstreams: [...config.upstreams.keys()] }, 'configuration committed');
    return version;
  }

  private fileName(): string {
    return resolve(this.environment.configFile ?? 'penstock.yaml');
  }

  private async resourcesOf(upstream: UpstreamConfig): Promise<Resource[]> {
    const resources: Resource[] = [];
    for (const pattern of upstream.refresh.resources) {
      for await (const path of this.pathsOf(pattern)) resources.push(configured(upstream, path));
    }
    return distinct(resources);
  }

  private async *pathsOf(pattern: string): AsyncIterable<string> {
    if (!pattern.startsWith(FILE_PREFIX)) return yield* expandResourcePattern(pattern);
    const file = resolve(dirname(this.fileName()), pattern.slice(FILE_PREFIX.length));
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      const path = line.trim();
      if (path !== '' && !path.startsWith('#')) yield* expandResourcePattern(path);
    }
  }
}

function configured(upstream: UpstreamConfig, path: string): Resource {
  const place = placeInStore(upstream.id, upstream.baseUrl, path);
  return { upstream: upstream.id, path, ...place, maxAgeMs: null, weight: 1, tags: [], source: 'config' };
}

function distinct(resources: readonly Resource[]): Resource[] {
  return [...new Map(resources.map((resource) => [resource.path, resource])).values()];
}
