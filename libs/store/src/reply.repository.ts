import type { Store } from './store.js';

/** What a deferred call came to: the answer, or why there is none. */
export interface Reply {
  readonly id: string;
  readonly upstream: string;
  /** What was asked for. */
  readonly path: string;
  readonly outcome: unknown;
  readonly body: Uint8Array;
}

/** Reads of `reply`, open to every app. */
export interface ReplyRepository {
  /** Undefined: it is not done, or was done more than ten minutes ago. */
  readReply(id: string): Promise<Reply | undefined>;
}

/** The only writer of `reply`: the dispatcher. */
export interface ReplyWriter {
  /** Once: what was written first stays. */
  writeReply(reply: Reply): Promise<void>;
  /** Deletes those that nobody gets any more. Answers how many. */
  collectReplies(atMost: number): Promise<number>;
}

const KEPT_FOR = `interval '10 minutes'`;

const READ = {
  name: 'reply',
  text: `select id, upstream, path, outcome, bytes from reply where id = $1 and done_at > now() - ${KEPT_FOR}`,
};
const WRITE = {
  name: 'write-reply',
  text: `insert into reply (id, upstream, path, outcome, bytes) values ($1, $2, $3, $4, $5) on conflict (id) do nothing`,
};
const COLLECT = {
  name: 'collect-replies',
  text: `with gone as (
      delete from reply where id in (
        select r.id from reply r where r.done_at < now() - ${KEPT_FOR} order by r.done_at limit $1 for update skip locked)
      returning 1)
    select count(*)::integer as count from gone`,
};

export function createReplyRepository(store: Store): ReplyRepository {
  return {
    async readReply(id) {
      const [row] = await store.query<Omit<Reply, 'body'> & { bytes: Buffer }>(READ, [id]);
      if (row === undefined) return undefined;
      const { upstream, path, outcome, bytes } = row;
      return { id, upstream, path, outcome, body: bytes };
    },
  };
}

export function createReplyWriter(store: Store): ReplyWriter {
  return {
    async writeReply({ id, upstream, path, outcome, body }) {
      await store.query(WRITE, [id, upstream, path, JSON.stringify(outcome), bufferOf(body)]);
    },
    async collectReplies(atMost) {
      const [row] = await store.query<{ count: number }>(COLLECT, [atMost]);
      return row?.count ?? 0;
    },
  };
}

/** The same bytes: pg would take another array for a list. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
