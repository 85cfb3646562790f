import { Controller, Delete, Get, HttpCode, Inject, Query } from '@nestjs/common';
import { DirectoryService } from './directory.service.js';
import { LookupService } from './lookup.service.js';
import type { EntryItem } from './lookup.service.js';
import { limitOf } from './pages.js';
import type { Page } from './pages.js';
import { ProblemException } from './problem.filter.js';
import type { UpstreamView } from './upstream-view.js';
import { UrlOrdersService } from './url-orders.service.js';
import type { MeantUrls } from './url-orders.service.js';

type Asked = Record<string, string | undefined>;

/** What is stored: looked up, and purged. */
@Controller('v1/entries')
export class EntriesController {
  constructor(
    @Inject(DirectoryService) private readonly directory: DirectoryService,
    @Inject(LookupService) private readonly lookups: LookupService,
    @Inject(UrlOrdersService) private readonly orders: UrlOrdersService,
  ) {}

  @Get()
  list(@Query() { limit, cursor, ...asked }: Asked): Promise<Page<EntryItem>> {
    const { view, meant } = this.read(asked);
    return this.lookups.list(view, meant, { limit: limitOf(limit), cursor });
  }

  /** The holder carries it out: what is on its way for these URLs is not stored either. */
  @Delete()
  @HttpCode(202)
  async purge(@Query() asked: Asked): Promise<{ purged: number }> {
    const { view, meant } = this.read(asked);
    return { purged: await this.orders.order('purge', view.id, meant) };
  }

  private read({ upstream, url, prefix, tag, ...rest }: Asked): { view: UpstreamView; meant: MeantUrls } {
    const given = [url, prefix, tag].filter((value) => value !== undefined);
    if (upstream === undefined || given.length !== 1 || Object.keys(rest).length > 0) throw misread();
    const view = this.directory.get(upstream);
    if (view === undefined)
      throw new ProblemException({ code: 'unknown_upstream', detail: `no upstream is named ${upstream}` });
    if (prefix !== undefined) return { view, meant: { kind: 'prefix', prefix } };
    if (tag !== undefined) return { view, meant: { kind: 'tag', tag } };
    return { view, meant: { kind: 'path', path: pathOf(view, url ?? '') } };
  }
}

/** A whole URL, or what stands beyond the base URL. */
function pathOf({ config }: UpstreamView, url: string): string {
  if (/^[/?]/.test(url)) return url;
  const path = url.startsWith(config.baseUrl) ? url.slice(config.baseUrl.length) : undefined;
  if (path !== undefined && /^([/?]|$)/.test(path)) return path;
  throw misread(`url: expected a path, or a URL that begins with ${config.baseUrl}`);
}

function misread(detail = 'expected ?upstream= and one of url=, prefix= and tag='): ProblemException {
  return new ProblemException({ code: 'invalid_input', detail });
}
