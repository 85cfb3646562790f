import type { Store } from './store.js';

/** How far a list of changes was read: epoch ms by the upstream's clock. */
export interface ListCursor {
  readonly upstream: string;
  /** As the configuration has it, with its place for the time: so it is named. */
  readonly call: string;
}

export interface ListCursorRepository {
  /** Undefined: it was never read. */
  readSince(cursor: ListCursor): Promise<number | undefined>;
}

/** The only writer of `list_cursor`: the dispatcher. What a holder that was overtaken still writes never sets it back. */
export interface ListCursorWriter {
  writeSince(cursor: ListCursor, sinceMs: number): Promise<void>;
}

const READ = { name: 'list-cursor', text: 'select since from list_cursor where upstream = $1 and call = $2' };
const WRITE = {
  name: 'write-list-cursor',
  text: `insert into list_cursor (upstream, call, since) values ($1, $2, $3)
    on conflict (upstream, call) do update set since = excluded.since where list_cursor.since < excluded.since`,
};

export function createListCursorRepository(store: Store): ListCursorRepository {
  return {
    async readSince({ upstream, call }) {
      const [row] = await store.query<{ since: number }>(READ, [upstream, call]);
      return row?.since;
    },
  };
}

export function createListCursorWriter(store: Store): ListCursorWriter {
  return {
    async writeSince({ upstream, call }, sinceMs) {
      await store.query(WRITE, [upstream, call, Math.floor(sinceMs)]);
    },
  };
}
