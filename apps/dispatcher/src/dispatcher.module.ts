import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { OpsModule } from '#runtime';
import type { Runtime } from '#runtime';
import { FetchConsumer } from './fetch.consumer.js';
import { HoldersService } from './holders.service.js';

@Module({})
export class DispatcherModule {
  static with(runtime: Runtime, holders: HoldersService): DynamicModule {
    return {
      module: DispatcherModule,
      imports: [OpsModule.with(runtime.health, runtime.metrics)],
      controllers: [FetchConsumer],
      providers: [{ provide: HoldersService, useValue: holders }],
    };
  }
}
