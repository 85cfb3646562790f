import { randomUUID } from 'node:crypto';
import type { Bus, Publisher } from '#bus';
import { inBatches } from '#contracts';
import type { ControlWork, StaleUrl } from '#contracts';
import type { UrlRepository, UrlSelection } from '#store';
import type { DirectoryService } from './directory.service.js';
import { ProblemException } from './problem.filter.js';
import { placeInStore } from './upstream-view.js';
import type { UpstreamView } from './upstream-view.js';

/** Which URLs of an upstream are meant. */
export type MeantUrls = { readonly kind: 'path'; readonly path: string } | UrlSelection;

export type OrderKind = 'stale' | 'purge';

export interface UrlOrdersOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly directory: DirectoryService;
  readonly urls: UrlRepository;
}

const RETRY_AFTER_MS = 3_000;
/** In one order to the holder. */
const MOST_URLS = 500;

/**
 * What is to happen to the entries of many URLs, in orders that the holder carries out: they are marked as out of date and refreshed first, or
 * they go.
 */
export class UrlOrdersService {
  constructor(private readonly options: UrlOrdersOptions) {}

  /** Answers how many URLs are meant. @throws ProblemException */
  async order(kind: OrderKind, upstream: string, selection: MeantUrls): Promise<number> {
    const view = this.viewOf(upstream);
    const seen = new Set<string>();
    for await (const page of this.pagesOf(view, selection)) {
      const news = page.filter(({ urlHash }) => !seen.has(urlHash));
      for (const { urlHash } of news) seen.add(urlHash);
      await Promise.all(inBatches(news, MOST_URLS, charsOf).map((urls) => this.leave(kind, view.id, urls)));
    }
    return seen.size;
  }

  /** One URL is meant also where nothing is stored of it: a call for it may be under way. */
  private async *pagesOf(view: UpstreamView, selection: MeantUrls): AsyncIterable<readonly StaleUrl[]> {
    if (selection.kind === 'path') return yield [this.urlOf(view, selection.path)];
    try {
      yield* this.options.urls.pagesOfUrls(view.id, selection);
    } catch (error) {
      if (error instanceof ProblemException) throw error;
      const detail = `which URLs are meant could not be read (${String(error)}); try again`;
      throw new ProblemException({ code: 'store_away', detail, upstream: view.id, retryAfterMs: RETRY_AFTER_MS });
    }
  }

  private urlOf({ id, config }: UpstreamView, path: string): StaleUrl {
    const target = this.options.directory.route(`/${id}${path}`);
    if (target.kind === 'upstream' && target.upstream === id)
      return { path, urlHash: placeInStore(id, config.baseUrl, path).urlHash };
    const why = target.kind === 'refused' ? target.detail : 'it belongs to something else';
    throw new ProblemException({ code: 'invalid_input', detail: `path: ${why}`, upstream: id });
  }

  private async leave(kind: OrderKind, upstream: string, urls: readonly StaleUrl[]): Promise<void> {
    const { bus, publisher } = this.options;
    const envelope = publisher.envelope({ cause: 'control-plane' });
    const work: ControlWork = { ...envelope, upstream, kind, urls };
    const verdict = await publisher.publishWork(bus.subjects.control(upstream, randomUUID()), work);
    if (verdict === 'stored') return;
    const detail = `the order could not be given for all that is meant (${verdict}); say it again`;
    throw new ProblemException({ code: 'bus_away', detail, upstream, retryAfterMs: RETRY_AFTER_MS });
  }

  private viewOf(id: string): UpstreamView {
    const view = this.options.directory.get(id);
    if (view !== undefined) return view;
    throw new ProblemException({ code: 'unknown_upstream', detail: `no upstream is named ${id}` });
  }
}

/** As it stands in a message: a hash and two names besides. */
const charsOf = ({ path }: StaleUrl): number => path.length + 80;
