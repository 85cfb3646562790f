import type { Store } from './store.js';

/** A copy of one scope of an upstream, as the holder last wrote it. */
export interface ScopeView {
  readonly upstream: string;
  readonly scope: string;
  readonly fence: number;
  readonly record: unknown;
}

export interface ScopeViewRepository {
  readScopeViews(upstream: string): Promise<ScopeView[]>;
  /** The highest fence that any holder of this upstream has written; 0 when none has. */
  readHighestFence(upstream: string): Promise<number>;
}

/** The only writer of `scope_view`: the dispatcher. A lower fence never overwrites a higher one. */
export interface ScopeViewWriter {
  writeScopeView(view: ScopeView): Promise<void>;
}

const READ = { name: 'scope-views', text: 'select upstream, scope, fence, record from scope_view where upstream = $1' };
const HIGHEST = {
  name: 'highest-fence',
  text: 'select coalesce(max(fence), 0)::bigint as fence from scope_view where upstream = $1',
};
const WRITE = {
  name: 'write-scope-view',
  text: `insert into scope_view (upstream, scope, fence, record) values ($1, $2, $3, $4)
    on conflict (upstream, scope) do update set fence = excluded.fence, record = excluded.record, updated_at = now()
    where scope_view.fence <= excluded.fence`,
};

export function createScopeViewRepository(store: Store): ScopeViewRepository {
  return {
    readScopeViews: (upstream) =>
      store.query<{ upstream: string; scope: string; fence: number; record: unknown }>(READ, [upstream]),
    async readHighestFence(upstream) {
      const [row] = await store.query<{ fence: number }>(HIGHEST, [upstream]);
      return row?.fence ?? 0;
    },
  };
}

export function createScopeViewWriter(store: Store): ScopeViewWriter {
  return {
    async writeScopeView(view) {
      await store.query(WRITE, [view.upstream, view.scope, view.fence, JSON.stringify(view.record)]);
    },
  };
}
