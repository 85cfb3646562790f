import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import type { Resource, ResourceSelection } from '#store';
import { limitOf } from './pages.js';
import type { Page } from './pages.js';
import { ProblemException } from './problem.filter.js';
import { readCsv, readNdjson } from './resource-lines.js';
import type { ReadLines, RejectedLine } from './resource-lines.js';
import { ResourcesService } from './resources.service.js';

type ResourcePage = Pick<Resource, 'path' | 'maxAgeMs' | 'weight' | 'tags' | 'source'>;

@Controller('v1/upstreams/:upstream/resources')
export class ResourcesController {
  constructor(@Inject(ResourcesService) private readonly resources: ResourcesService) {}

  @Get()
  async list(
    @Param('upstream') upstream: string,
    @Query('limit') limit?: string,
    @Query('cursor') cursor?: string,
  ): Promise<Page<ResourcePage>> {
    const { items, next } = await this.resources.list(upstream, limitOf(limit), cursor);
    return {
      items: items.map(({ path, maxAgeMs, weight, tags, source }) => ({ path, maxAgeMs, weight, tags, source })),
      next,
    };
  }

  @Post()
  @HttpCode(200)
  add(
    @Param('upstream') upstream: string,
    @Headers('content-type') type: string | undefined,
    @Body() text: unknown,
  ): Promise<{ added: number; updated: number; rejected: readonly RejectedLine[] }> {
    return this.resources.add(upstream, readLines(type, text));
  }

  @Delete()
  async remove(
    @Param('upstream') upstream: string,
    @Query() query: Record<string, string>,
  ): Promise<{ removed: number }> {
    return { removed: await this.resources.remove(upstream, selectionOf(query)) };
  }
}

function readLines(type: string | undefined, text: unknown): ReadLines {
  const media = type?.split(';')[0]?.trim().toLowerCase();
  if (typeof text === 'string' && media === 'application/x-ndjson') return readNdjson(text);
  if (typeof text === 'string' && media === 'text/csv') return readCsv(text);
  throw new ProblemException({
    code: 'invalid_input',
    detail: `Content-Type: expected application/x-ndjson or text/csv, found ${type ?? 'none'}`,
  });
}

function selectionOf({ path, prefix, all, ...rest }: Record<string, string>): ResourceSelection {
  const given = [path, prefix, all].filter((value) => value !== undefined);
  if (given.length === 1 && Object.keys(rest).length === 0) {
    if (path !== undefined) return { kind: 'path', path };
    if (prefix !== undefined) return { kind: 'prefix', prefix };
    if (all === 'true') return { kind: 'all' };
  }
  throw new ProblemException({ code: 'invalid_input', detail: 'expected one of ?path=, ?prefix= or ?all=true' });
}
