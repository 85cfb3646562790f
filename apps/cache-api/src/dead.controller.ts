import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { DeadService } from './dead.service.js';
import type { DeadItem } from './dead.service.js';
import { limitOf } from './pages.js';
import type { Page } from './pages.js';

@Controller('v1/dead')
export class DeadController {
  constructor(@Inject(DeadService) private readonly dead: DeadService) {}

  @Get()
  list(
    @Query('upstream') upstream?: string,
    @Query('limit') limit?: string,
    @Query('cursor') cursor?: string,
  ): Promise<Page<DeadItem>> {
    return this.dead.list({ upstream, cursor, limit: limitOf(limit) });
  }

  @Post(':id/requeue')
  @HttpCode(202)
  requeue(@Param('id') id: string): Promise<DeadItem> {
    return this.dead.requeue(id);
  }
}
