import { Controller, Get, Inject, Query } from '@nestjs/common';
import type { PlanReport } from '#contracts';
import { planQueryOf } from './plan-query.js';
import { PlanService } from './plan.service.js';

@Controller('v1/plan')
export class PlanController {
  constructor(@Inject(PlanService) private readonly plans: PlanService) {}

  @Get()
  plan(@Query() query: Record<string, unknown>): Promise<PlanReport> {
    return this.plans.plan(planQueryOf(query));
  }
}
