import { Controller, Get, Header, Inject, Module, Res } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Health } from './health.js';
import type { Metrics } from './metrics.js';

export const HEALTH = Symbol('Health');
export const METRICS = Symbol('Metrics');

interface Reply {
  status(code: number): Reply;
  send(body: unknown): unknown;
}

@Controller()
class OpsController {
  constructor(
    @Inject(HEALTH) private readonly health: Health,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  live(): { live: true } {
    return { live: true };
  }

  @Get('health/ready')
  async ready(@Res() reply: Reply): Promise<void> {
    const report = await this.health.report();
    reply.status(report.ready ? 200 : 503).send(report);
  }

  @Get('metrics')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  async exposition(): Promise<string> {
    return this.metrics.exposition();
  }
}

/** Health and metrics, the same in every process. */
@Module({})
export class OpsModule {
  static with(health: Health, metrics: Metrics): DynamicModule {
    return {
      module: OpsModule,
      global: true,
      controllers: [OpsController],
      providers: [
        { provide: HEALTH, useValue: health },
        { provide: METRICS, useValue: metrics },
      ],
      exports: [HEALTH, METRICS],
    };
  }
}
