import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { WorkContext, WorkHandler } from '#bus';
import type { Verdict } from '#bus';
import { WORK_PATTERNS } from '#contracts';
import type { RefreshWork } from '#contracts';
import { RefreshService } from './refresh.service.js';

@Controller()
export class RefreshConsumer {
  constructor(@Inject(RefreshService) private readonly refreshes: RefreshService) {}

  @WorkHandler(WORK_PATTERNS.refresh)
  async refresh(@Payload() work: RefreshWork, @Ctx() context: WorkContext): Promise<Verdict> {
    return this.refreshes.refresh(work, context.signal);
  }
}
