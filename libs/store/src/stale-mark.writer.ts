import type { Version } from '#core';
import type { Store } from './store.js';

/** A URL of an upstream: path and query beyond its base URL. */
export interface MarkedUrl {
  readonly path: string;
  readonly urlHash: string;
}

export interface StaleMarking {
  readonly upstream: string;
  /** Distinct. */
  readonly urls: readonly MarkedUrl[];
  readonly before: Version;
  /** Epoch ms. */
  readonly markedAt: number;
}

/** The only writer of `known_stale`: the dispatcher. */
export interface StaleMarkWriter {
  /** One statement. Raises the marks of these URLs, never lowers one. */
  markStale(marking: StaleMarking): Promise<void>;
  /**
   * Deletes marks that were set before `markedBefore` (epoch ms) and that no stored entry is held back by. Answers how many. The time is
   * for calls that had left before the mark was set: what they bring may come when all else has been refreshed.
   */
  collectStaleMarks(markedBefore: number, atMost: number): Promise<number>;
}

const MARK_STALE = {
  name: 'mark-stale',
  // Sorted, as two that meet must lock rows in one order.
  text: `insert into known_stale (url_hash, upstream, path, fence, send, marked_at)
    select u.url_hash, $1::text, u.path, $2::bigint, $3::bigint, $4::bigint
    from unnest($5::text[], $6::text[]) as u(url_hash, path) order by u.url_hash
    on conflict (url_hash) do update set fence = excluded.fence, send = excluded.send, marked_at = excluded.marked_at
    where (known_stale.fence, known_stale.send) < (excluded.fence, excluded.send)`,
};

const COLLECT_STALE_MARKS = {
  name: 'collect-stale-marks',
  text: `with gone as (
      delete from known_stale where url_hash in (
        select k.url_hash from known_stale k
        where k.marked_at < $1
          and not exists (select 1 from entry e where e.url_hash = k.url_hash and (e.fence, e.send) <= (k.fence, k.send))
        order by k.url_hash limit $2 for update skip locked)
      returning 1)
    select count(*)::integer as count from gone`,
};

export function createStaleMarkWriter(store: Store): StaleMarkWriter {
  return {
    async markStale({ upstream, urls, before: { fence, send }, markedAt }) {
      const columns = [urls.map(({ urlHash }) => urlHash), urls.map(({ path }) => path)];
      await store.query(MARK_STALE, [upstream, fence, send, Math.round(markedAt), ...columns]);
    },
    async collectStaleMarks(markedBefore, atMost) {
      const [row] = await store.query<{ count: number }>(COLLECT_STALE_MARKS, [Math.round(markedBefore), atMost]);
      return row?.count ?? 0;
    },
  };
}
