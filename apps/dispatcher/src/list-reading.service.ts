import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { fieldValue, nextSince, parseHttpDate, pathOfReference, pathTemplate, sinceText, timeOf } from '#core';
import type { Element, PathTemplate } from '#core';
import type { ControlWork, ListConfig, StaleUrl } from '#contracts';
import { costEach } from './fetch-facts.js';
import type { AnsweredEnd, Flight, FlightEnd } from './flight.js';
import type { ListsOptions } from './lists.service.js';
import { elementOrder, ownOrder } from './own-order.js';
import { partOf, splitOf } from './split-parts.js';

/** `broken-off`: nothing that speaks against the list; it is read again from where it was begun. */
export type ListResult =
  { readonly kind: 'read' } | { readonly kind: 'broken-off' } | { readonly kind: 'useless'; readonly reason: string };

interface Page {
  readonly end: AnsweredEnd;
  readonly flight: Flight;
  readonly elements: readonly Element[];
  /** Path of the next; undefined: it was the last. */
  readonly next: string | undefined;
}

interface Change {
  readonly path: string;
  readonly changedAtMs: number;
  readonly text: string;
}

/** Longer lists are read in several goes: a `next` that leads in a circle is to end too. */
const MOST_PAGES = 100;
const MOST_IN_ORDER = 500;
const REMEMBERED_CHANGES = 100_000;
const BROKEN_OFF: ListResult = { kind: 'broken-off' };

/** One list: reads all pages of what has changed since the last time, and only when all of it is passed on moves the time on. */
export class ListReading {
  private readonly template: PathTemplate;
  /** Of each resource the time of the last change that was passed on: with the overlap most are told several times. */
  private readonly passedOn = new LRUCache<string, number>({ max: REMEMBERED_CHANGES });
  private sinceMs: number | undefined;
  private asked = 0;

  constructor(
    private readonly rule: ListConfig,
    private readonly options: ListsOptions,
  ) {
    this.template = pathTemplate(rule.path);
  }

  async read(): Promise<ListResult> {
    const { rule, options } = this;
    const cursor = { upstream: options.config.id, call: rule.call };
    this.sinceMs ??= await options.cursors.readSince(cursor);
    let newestMs: number | undefined;
    let saidAtMs: number | undefined;
    let receivedAtMs = 0;
    let path: string | undefined = this.firstPath();
    for (let pages = 0; path !== undefined; pages += 1) {
      const page: Page | ListResult = await this.pageAt(path);
      if ('kind' in page) return page;
      if (pages === 0) {
        saidAtMs = parseHttpDate(fieldValue(page.end.fields, 'date'));
        receivedAtMs = page.end.receivedAt;
      }
      const changes = this.changesIn(page);
      if (changes.length === 0 && page.elements.length > 0)
        return { kind: 'useless', reason: `no time of a change stands at ${JSON.stringify(rule.changedAt)}` };
      if (!(await this.passOn(changes, page))) return BROKEN_OFF;
      newestMs = changes.reduce<number | undefined>((so, { changedAtMs }) => Math.max(so ?? 0, changedAtMs), newestMs);
      path = page.next;
      if (path !== undefined && pages >= MOST_PAGES)
        return { kind: 'useless', reason: `more than ${MOST_PAGES} pages` };
    }
    const sinceMs = nextSince(this.sinceMs, { newestMs, saidAtMs, receivedAtMs, overlapMs: rule.overlapMs });
    if (sinceMs !== undefined && sinceMs !== this.sinceMs) await options.cursors.writeSince(cursor, sinceMs);
    this.sinceMs = sinceMs;
    return { kind: 'read' };
  }

  /** The first time of all nobody has told how late it is at the upstream: a little of what was before is told too. */
  private firstPath(): string {
    const { call, everyMs, overlapMs, sinceFormat } = this.rule;
    const sinceMs = this.sinceMs ?? this.options.clock.now() - everyMs - overlapMs;
    return call.replace('{since}', encodeURIComponent(sinceText(sinceMs, sinceFormat)));
  }

  private async pageAt(path: string): Promise<Page | ListResult> {
    const { end, flight } = await this.ask(path);
    if (end.kind === 'failed' && end.code === 'answer_too_large') return { kind: 'useless', reason: end.detail };
    if (end.kind !== 'answered' || flight === undefined || end.status >= 500) return BROKEN_OFF;
    const split = splitOf(end, this.rule);
    if (split.kind === 'not-split') return { kind: 'useless', reason: split.reason };
    const reference = this.rule.next === undefined ? undefined : split.scalar(this.rule.next);
    if (reference === undefined || reference === '') return { end, flight, elements: split.elements, next: undefined };
    const next = pathOfReference(this.options.config.baseUrl, reference, path);
    if (next === undefined) return { kind: 'useless', reason: 'the next page is not on the same host' };
    return { end, flight, elements: split.elements, next };
  }

  private ask(path: string): Promise<{ end: FlightEnd; flight: Flight | undefined }> {
    const { config, loop } = this.options;
    return new Promise((resolve) => {
      loop.ask({
        id: `list ${this.rule.call} ${(this.asked += 1)}`,
        lane: 'later',
        deadlineMs: Infinity,
        order: ownOrder(config, { path, fields: [], cost: this.rule.cost }),
        replaces: null,
        wantsBody: false,
        end: (end, flight) => resolve({ end, flight }),
      });
    });
  }

  private changesIn({ elements }: Page): Change[] {
    return elements.flatMap(({ id, text, scalar }) => {
      const changedAtMs = timeOf(scalar(this.rule.changedAt) ?? '');
      return changedAtMs === undefined ? [] : [{ path: this.template.pathOf(id), changedAtMs, text }];
    });
  }

  /** False: it could not be left with the bus, and is not passed on. */
  private async passOn(changes: readonly Change[], page: Page): Promise<boolean> {
    const news = changes.filter((change) => this.isNews(change));
    const untold = this.rule.contains === 'content' ? await this.keep(news, page) : news;
    for (let at = 0; at < untold.length; at += MOST_IN_ORDER)
      if (!(await this.order(untold.slice(at, at + MOST_IN_ORDER)))) return false;
    for (const { path, changedAtMs } of news) this.passedOn.set(path, changedAtMs);
    return true;
  }

  /** Not what was passed on before, nor what our copy has: by its Date, which is of the upstream's clock, it was made after the change. */
  private isNews({ path, changedAtMs }: Change): boolean {
    if ((this.passedOn.get(path) ?? -1) >= changedAtMs) return false;
    const entry = this.options.known.get(elementOrder(this.options.config, path).key)?.entry;
    const madeAtMs = entry && parseHttpDate(fieldValue(entry.fields, 'date'));
    return madeAtMs === undefined || madeAtMs < changedAtMs;
  }

  /** Answers those that may not be stored from here: what they came in is not theirs. */
  private async keep(changes: readonly Change[], { end, flight, elements }: Page): Promise<Change[]> {
    const { answers, config } = this.options;
    const charge = { cause: this.rule.call, cost: costEach(flight) / elements.length };
    const ends = changes.map(({ path, text }) =>
      answers.keepPart(elementOrder(config, path), partOf(end, text), end.version, charge),
    );
    await Promise.all(ends.flatMap(({ kept }) => kept ?? []));
    return changes.filter((_, at) => ends[at]?.entry === null);
  }

  /** Of what is not stored nobody has to know: it is fetched as it is now when it is wanted. */
  private async order(changes: readonly Change[]): Promise<boolean> {
    const { bus, publisher, config, repository } = this.options;
    const changed = changes.map(({ path }) => ({ path, urlHash: elementOrder(config, path).urlHash }));
    const times = await repository.readTimesOf(changed.map(({ urlHash }) => urlHash));
    const stored = new Set(times.map(({ urlHash }) => urlHash));
    const urls: StaleUrl[] = changed.filter(({ urlHash }) => stored.has(urlHash));
    if (urls.length === 0) return true;
    const work: ControlWork = {
      ...publisher.envelope({ cause: this.rule.call }),
      ...{ upstream: config.id, kind: 'stale', urls },
    };
    return (await publisher.publishWork(bus.subjects.control(config.id, randomUUID()), work)) === 'stored';
  }
}
