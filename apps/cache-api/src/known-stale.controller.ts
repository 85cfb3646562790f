import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ProblemException } from './problem.filter.js';
import { UrlOrdersService } from './url-orders.service.js';
import type { MeantUrls } from './url-orders.service.js';

/** The door for webhooks. */
@Controller('v1/upstreams/:upstream/refresh')
export class KnownStaleController {
  constructor(@Inject(UrlOrdersService) private readonly orders: UrlOrdersService) {}

  @Post()
  @HttpCode(202)
  async refresh(@Param('upstream') upstream: string, @Body() body: unknown): Promise<{ marked: number }> {
    return { marked: await this.orders.order('stale', upstream, selectionOf(body)) };
  }
}

const EXPECTED = 'expected one of {"path": "/items/1"}, {"prefix": "/items/"} and {"tag": "items"}';
const LONGEST_SHOWN = 200;

const OF: Readonly<Record<string, (value: string) => MeantUrls | undefined>> = {
  path: (path) => (isPath(path) ? { kind: 'path', path } : undefined),
  prefix: (prefix) => (isPath(prefix) ? { kind: 'prefix', prefix } : undefined),
  // A tag is a member of a list that is parted by spaces or commas.
  tag: (tag) => (/^[^\s,]+$/.test(tag) ? { kind: 'tag', tag } : undefined),
};

function selectionOf(body: unknown): MeantUrls {
  const given = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  const [name, value]: [string, unknown] = given.length === 1 ? (given[0] ?? NOTHING) : NOTHING;
  const selection = typeof value === 'string' && Object.hasOwn(OF, name) ? OF[name]?.(value) : undefined;
  if (selection !== undefined) return selection;
  const found = JSON.stringify(body ?? null).slice(0, LONGEST_SHOWN);
  throw new ProblemException({ code: 'invalid_input', detail: `${EXPECTED}; found ${found}` });
}

const NOTHING: [string, unknown] = ['', undefined];

/** Of what is kept it begins so; the base URL alone has none. */
function isPath(text: string): boolean {
  return text.startsWith('/') || text.startsWith('?');
}
