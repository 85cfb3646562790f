import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { parseDuration } from '#contracts';
import { ControlService } from './control.service.js';
import { DirectoryService } from './directory.service.js';
import { pageOf } from './pages.js';
import type { Page } from './pages.js';
import { ProblemException } from './problem.filter.js';
import { StatesService } from './states.service.js';
import { upstreamPage } from './upstream-page.js';
import type { UpstreamPage } from './upstream-page.js';
import type { UpstreamView } from './upstream-view.js';

@Controller('v1/upstreams')
export class UpstreamsController {
  constructor(
    @Inject(DirectoryService) private readonly directory: DirectoryService,
    @Inject(StatesService) private readonly states: StatesService,
    @Inject(ControlService) private readonly control: ControlService,
  ) {}

  @Get()
  list(@Query('limit') limit?: string, @Query('cursor') cursor?: string): Page<UpstreamPage> {
    const pages = this.directory.list().map((view) => upstreamPage(view, this.states.stateOf(view.id)));
    return pageOf(pages, { limit, cursor, keyOf: ({ id }) => id });
  }

  @Get(':upstream')
  one(@Param('upstream') id: string): UpstreamPage {
    return upstreamPage(this.viewOf(id), this.states.stateOf(id));
  }

  @Post(':upstream/pause')
  @HttpCode(200)
  async pause(@Param('upstream') id: string, @Body() body?: { for?: unknown }): Promise<UpstreamPage> {
    const view = this.viewOf(id);
    const forMs = typeof body?.for === 'string' ? parseDuration(body.for) : undefined;
    if (forMs === undefined || forMs <= 0) {
      throw new ProblemException({
        code: 'invalid_input',
        detail: `expected {"for": "30s"}, found ${JSON.stringify(body ?? null)}`,
        upstream: id,
      });
    }
    return upstreamPage(view, await this.control.pause(view, forMs));
  }

  @Post(':upstream/resume')
  @HttpCode(200)
  async resume(@Param('upstream') id: string): Promise<UpstreamPage> {
    const view = this.viewOf(id);
    return upstreamPage(view, await this.control.resume(view));
  }

  private viewOf(id: string): UpstreamView {
    const view = this.directory.get(id);
    if (view !== undefined) return view;
    const names = this.directory.list().map((known) => known.id);
    throw new ProblemException({
      code: 'unknown_upstream',
      detail: `no upstream is named ${id}; there are: ${names.join(', ')}`,
    });
  }
}
