import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { OpsModule } from '#runtime';
import type { Runtime } from '#runtime';
import { RefreshConsumer } from './refresh.consumer.js';
import { RefreshService } from './refresh.service.js';

@Module({})
export class RefresherModule {
  static with(runtime: Runtime, refreshes: RefreshService): DynamicModule {
    return {
      module: RefresherModule,
      imports: [OpsModule.with(runtime.health, runtime.metrics)],
      controllers: [RefreshConsumer],
      providers: [{ provide: RefreshService, useValue: refreshes }],
    };
  }
}
