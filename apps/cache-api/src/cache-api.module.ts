import { Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { isLoopback, OpsModule } from '#runtime';
import type { Runtime } from '#runtime';
import { ControlGuard } from './control.guard.js';
import { DeadController } from './dead.controller.js';
import { EntriesController } from './entries.controller.js';
import { EventsController } from './events.controller.js';
import { KnownStaleController } from './known-stale.controller.js';
import { NotBuiltController } from './not-built.controller.js';
import { PlanController } from './plan.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { ResourcesController } from './resources.controller.js';
import { UpstreamsController } from './upstreams.controller.js';

/** The control plane. The data plane is a server of its own beside it. */
@Module({})
export class CacheApiModule {
  static with(runtime: Runtime, providers: Provider[]): DynamicModule {
    const { health, metrics, clock, logger, environment } = runtime;
    const access = { token: environment.adminToken, onLoopback: isLoopback(environment.host) };
    return {
      module: CacheApiModule,
      imports: [OpsModule.with(health, metrics)],
      controllers: [
        UpstreamsController,
        ResourcesController,
        KnownStaleController,
        EntriesController,
        EventsController,
        DeadController,
        PlanController,
        NotBuiltController,
      ],
      providers: [
        ...providers,
        { provide: APP_GUARD, useValue: new ControlGuard(access) },
        { provide: APP_FILTER, useValue: new ProblemFilter(clock, logger) },
      ],
    };
  }
}
