import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { WorkContext, WorkHandler } from '#bus';
import type { Verdict } from '#bus';
import { isBatch, WORK_PATTERNS } from '#contracts';
import type { RefreshBatch, RefreshWork } from '#contracts';
import { RefreshService } from './refresh.service.js';

@Controller()
export class RefreshConsumer {
  constructor(@Inject(RefreshService) private readonly refreshes: RefreshService) {}

  @WorkHandler(WORK_PATTERNS.refresh)
  async refresh(@Payload() work: RefreshWork | RefreshBatch, @Ctx() { signal }: WorkContext): Promise<Verdict> {
    return isBatch(work) ? this.refreshes.refreshBatch(work, signal) : this.refreshes.refresh(work, signal);
  }
}
