import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { OpsModule } from '#runtime';
import type { Runtime } from '#runtime';
import { SchedulersService } from './schedulers.service.js';

@Module({})
export class SchedulerModule {
  static with(runtime: Runtime, schedulers: SchedulersService): DynamicModule {
    return {
      module: SchedulerModule,
      imports: [OpsModule.with(runtime.health, runtime.metrics)],
      providers: [{ provide: SchedulersService, useValue: schedulers }],
    };
  }
}
