import type { Resource, ResourceRepository, ResourceSelection, ResourceWriter } from '#store';
import type { DirectoryService } from './directory.service.js';
import { decodeCursor, encodeCursor } from './pages.js';
import { ProblemException } from './problem.filter.js';
import type { ReadLines, RejectedLine, ResourceLine } from './resource-lines.js';
import { placeInStore } from './upstream-view.js';
import type { UpstreamView } from './upstream-view.js';

const PUT_AT_ONCE = 5_000;

/** What is to be kept fresh, as users register it. */
export class ResourcesService {
  constructor(
    private readonly directory: DirectoryService,
    private readonly repository: ResourceRepository,
    private readonly writer: ResourceWriter,
  ) {}

  async list(
    upstream: string,
    limit: number,
    cursor: string | undefined,
  ): Promise<{ items: Resource[]; next: string | null }> {
    const { id } = this.viewOf(upstream);
    const rows = await this.repository.listResources(id, decodeCursor(cursor), limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return { items, next: rows.length > limit && last !== undefined ? encodeCursor(last.path) : null };
  }

  async add(upstream: string, read: ReadLines): Promise<{ added: number; updated: number; rejected: RejectedLine[] }> {
    const view = this.viewOf(upstream);
    const rejected = [...read.rejected];
    const good: Resource[] = [];
    for (const line of read.lines) {
      const target = this.directory.route(`/${view.id}${line.path}`);
      if (target.kind === 'upstream') good.push(registered(view, line));
      else
        rejected.push({
          line: line.line,
          error: `${line.path}: ${target.kind === 'refused' ? target.detail : 'belongs to Penstock itself'}`,
        });
    }
    const totals = { added: 0, updated: 0 };
    for (const some of inParts([...new Map(good.map((resource) => [resource.path, resource])).values()])) {
      const { added, updated } = await this.writer.putResources(some);
      totals.added += added;
      totals.updated += updated;
    }
    await this.directory.lookForResources();
    return { ...totals, rejected };
  }

  async remove(upstream: string, selection: ResourceSelection): Promise<number> {
    const removed = await this.writer.removeResources(this.viewOf(upstream).id, selection);
    await this.directory.lookForResources();
    return removed;
  }

  private viewOf(id: string): UpstreamView {
    const view = this.directory.get(id);
    if (view !== undefined) return view;
    throw new ProblemException({ code: 'unknown_upstream', detail: `no upstream is named ${id}` });
  }
}

function registered(view: UpstreamView, { path, maxAgeMs, weight, tags }: ResourceLine): Resource {
  return {
    upstream: view.id,
    path,
    ...placeInStore(view.id, view.config.baseUrl, path),
    maxAgeMs,
    weight,
    tags,
    source: 'api',
  };
}

function* inParts<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < items.length; from += PUT_AT_ONCE) yield items.slice(from, from + PUT_AT_ONCE);
}
