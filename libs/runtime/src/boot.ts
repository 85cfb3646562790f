import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { hostname, setPriority } from 'node:os';
import { NestFactory } from '@nestjs/core';
import type { DynamicModule, Type } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { systemChance, systemClock } from './clock.js';
import type { Chance, Clock } from './clock.js';
import { isLoopback, readEnvironment } from './config.js';
import type { Environment } from './config.js';
import { createHealth } from './health.js';
import type { Health } from './health.js';
import { createLogger } from './logger.js';
import type { Logger } from './logger.js';
import { createMetrics } from './metrics.js';
import type { Metrics } from './metrics.js';
import { nestLoggerOn } from './nest-logger.js';
import { onShutdown } from './shutdown.js';
import { serveAsWorker, startWorkers, workerPlaceOf } from './workers.js';
import type { WorkerPlace } from './workers.js';

/** What every app is given before its own parts are made. */
export interface Runtime {
  readonly app: string;
  /** Names this process among all others: in messages, as a member, as a holder. */
  readonly identity: string;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly workers: WorkerPlace;
}

export interface AppDefinition {
  readonly name: string;
  readonly defaultOpsPort: number;
  /** cache-api's control plane listens on the admin port; the others on the ops port. */
  readonly listensOn: 'admin' | 'ops';
  /** Nobody waits for what it does: where processors are short, those that answer go first. */
  readonly yields?: boolean;
  /** As many processes as PENSTOCK_WORKERS says share the data-plane port; else there is one. */
  readonly hasWorkers?: boolean;
  /** Connects to the servers and answers the root module. */
  prepare(runtime: Runtime): Promise<{ module: Type | DynamicModule; close: () => Promise<void> }>;
  /** Attaches what Nest has to start besides HTTP. */
  attach?(nest: NestFastifyApplication, runtime: Runtime): Promise<void> | void;
}

/** Starts one app: environment, logger, servers, Nest, readiness, shutdown. A fault ends the process with one clear line. */
export async function boot(definition: AppDefinition): Promise<void> {
  const runtime = runtimeOrExit(definition);
  const { environment, logger, health } = runtime;
  const opened: (() => Promise<void>)[] = [() => Promise.resolve(health.stopping())];
  // From here on, so that a process that still waits for its servers ends with its starter too. What was opened last is closed first.
  onShutdown(
    async () => {
      for (const close of [...opened.slice(0, 1), ...opened.slice(1).reverse()]) await close();
    },
    { followsParent: environment.followsParent, logger },
  );
  if (environment.timeScale !== 1)
    logger.warn({ timeScale: environment.timeScale }, 'a benchmark: half-lives and maxAge pass faster than time does');
  if (definition.yields === true) yieldToOthers(logger);
  try {
    const { module, close } = await definition.prepare(runtime);
    opened.push(close);
    if (runtime.workers.role === 'worker') return serveAsWorker(runtime.metrics.registry);
    if (runtime.workers.role === 'first') opened.push(await withWorkers(runtime));
    const nest = await createNest(module, logger);
    opened.push(() => nest.close());
    await definition.attach?.(nest, runtime);
    const port = definition.listensOn === 'admin' ? environment.adminPort : environment.opsPort;
    await nest.listen(port, environment.host);
    health.started();
    logger.info({ port }, `${definition.name} is ready`);
  } catch (error) {
    logger.fatal({ err: error }, `${definition.name} could not start`);
    process.exit(1);
  }
}

async function withWorkers({
  workers,
  environment,
  metrics,
  health,
  clock,
  logger,
}: Runtime): Promise<() => Promise<void>> {
  const crew = await startWorkers(workers.count, {
    ...{ registry: metrics.registry, clock, logger },
    ...{ host: environment.host, port: environment.port },
  });
  metrics.exposition = () => crew.exposition();
  health.watch('workers', () => crew.areAllServing());
  return () => crew.close();
}

/** A tenth of the weight of an ordinary process; what nobody else wants is still all its own. */
const NICENESS = 10;

function yieldToOthers(logger: Logger): void {
  try {
    setPriority(NICENESS);
  } catch (error) {
    logger.debug({ err: error }, 'the priority of this process could not be lowered');
  }
}

const MAX_CONTROL_BODY_BYTES = 64 * 1024 * 1024;

function createNest(module: Type | DynamicModule, logger: Logger): Promise<NestFastifyApplication> {
  return NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter({ bodyLimit: MAX_CONTROL_BODY_BYTES }), {
    logger: nestLoggerOn(logger),
    abortOnError: false,
  });
}

function runtimeOrExit(definition: AppDefinition): Runtime {
  try {
    const environment = readEnvironment(definition.defaultOpsPort);
    refuseOpenControlPlane(environment);
    const workers = workerPlaceOf(definition.hasWorkers === true ? environment.workers : 1, environment.variables);
    return {
      app: definition.name,
      identity: identityOf(definition.name),
      environment,
      logger: createLogger(definition.name, environment.logLevel),
      clock: systemClock,
      chance: systemChance,
      health: createHealth(),
      metrics: createMetrics(definition.name, workers.ordinal),
      workers,
    };
  } catch (error) {
    createLogger(definition.name, 'info').fatal({}, (error as Error).message);
    return process.exit(1);
  }
}

function identityOf(app: string): string {
  const host = hostname().replace(/[^A-Za-z0-9_-]/g, '-');
  return `${app}-${host}-${process.pid}-${randomBytes(3).toString('hex')}`;
}

function refuseOpenControlPlane(environment: Environment): void {
  if (isLoopback(environment.host) || environment.adminToken !== undefined) return;
  throw new Error(
    `PENSTOCK_HOST is ${environment.host}, which others can reach, and PENSTOCK_ADMIN_TOKEN is not set; set it, or bind to 127.0.0.1`,
  );
}
