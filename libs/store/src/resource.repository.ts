import type { Store } from './store.js';

/** One thing to be kept fresh, in the shared partition. */
export interface Resource {
  readonly upstream: string;
  readonly path: string;
  readonly key: string;
  readonly urlHash: string;
  /** Freshness target of its own; null: the upstream's. */
  readonly maxAgeMs: number | null;
  readonly weight: number;
  readonly tags: readonly string[];
  readonly source: 'config' | 'api';
}

export interface ResourceRepository {
  readResources(upstream: string): Promise<Resource[]>;
  listResources(upstream: string, afterPath: string, limit: number): Promise<Resource[]>;
  countResources(upstream: string): Promise<number>;
}

export type ResourceSelection =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'all' };

/** The only writer of `resource`: cache-api. */
export interface ResourceWriter {
  /** Adds or replaces by path. Answers how many were new and how many were there before. */
  putResources(resources: readonly Resource[]): Promise<{ added: number; updated: number }>;
  removeResources(upstream: string, selection: ResourceSelection): Promise<number>;
  /** Makes the configured ones exactly these; those added through the API stay. */
  replaceConfigured(upstream: string, resources: Iterable<Resource>): Promise<void>;
  forgetUpstreamsExcept(upstreams: readonly string[]): Promise<void>;
}

interface Row {
  upstream: string;
  path: string;
  key: string;
  url_hash: string;
  max_age_ms: number | null;
  weight: number;
  tags: string[];
  source: 'config' | 'api';
}

const COLUMNS = 'upstream, path, key, url_hash, max_age_ms, weight, tags, source';
const READ = { name: 'resources', text: `select ${COLUMNS} from resource where upstream = $1` };
const LIST = {
  name: 'resources-page',
  text: `select ${COLUMNS} from resource where upstream = $1 and path > $2 order by path limit $3`,
};
const COUNT = { name: 'resources-count', text: 'select count(*)::integer as count from resource where upstream = $1' };
const PUT = {
  name: 'put-resources',
  text: `with incoming as (
      select * from json_to_recordset($1::json) as i(
        upstream text, path text, key text, url_hash text, max_age_ms bigint, weight double precision, tags text[], source text)
    )
    insert into resource (${COLUMNS}) select ${COLUMNS} from incoming order by upstream, path
    on conflict (upstream, path) do update set
      key = excluded.key, url_hash = excluded.url_hash, max_age_ms = excluded.max_age_ms, weight = excluded.weight, tags = excluded.tags, source = excluded.source
    returning (xmax = 0) as is_new`,
};
const REMOVE = {
  path: { name: 'remove-resource', text: 'delete from resource where upstream = $1 and path = $2 returning 1' },
  prefix: {
    name: 'remove-resources-by-prefix',
    text: 'delete from resource where upstream = $1 and starts_with(path, $2) returning 1',
  },
  all: { name: 'remove-all-resources', text: 'delete from resource where upstream = $1 and $2 = $2 returning 1' },
} as const;
const REMOVE_UNCONFIGURED = {
  name: 'remove-unconfigured-resources',
  text: `delete from resource where upstream = $1 and source = 'config' and not (path = any($2::text[]))`,
};
const FORGET = { name: 'forget-upstreams', text: 'delete from resource where not (upstream = any($1::text[]))' };

const TELL_CHANGED = {
  name: 'resources-changed',
  text: 'update upstream set resource_revision = resource_revision + 1 where id = any($1::text[])',
};

const PUT_AT_ONCE = 5_000;

export function createResourceRepository(store: Store): ResourceRepository {
  return {
    async readResources(upstream) {
      return (await store.query<Row>(READ, [upstream])).map(resourceOf);
    },
    async listResources(upstream, afterPath, limit) {
      return (await store.query<Row>(LIST, [upstream, afterPath, limit])).map(resourceOf);
    },
    async countResources(upstream) {
      const [row] = await store.query<{ count: number }>(COUNT, [upstream]);
      return row?.count ?? 0;
    },
  };
}

export function createResourceWriter(store: Store): ResourceWriter {
  const putResources = async (resources: readonly Resource[]): Promise<{ added: number; updated: number }> => {
    const rows = await store.query<{ is_new: boolean }>(PUT, [JSON.stringify(resources.map(recordOf))]);
    const added = rows.filter((row) => row.is_new).length;
    return { added, updated: rows.length - added };
  };
  const tellChanged = async (upstreams: readonly string[]): Promise<void> => {
    await store.query(TELL_CHANGED, [upstreams]);
  };
  return {
    async putResources(resources) {
      const counts = await putResources(resources);
      await tellChanged([...new Set(resources.map((resource) => resource.upstream))]);
      return counts;
    },
    async removeResources(upstream, selection) {
      const rows = await store.query(REMOVE[selection.kind], [upstream, argumentOf(selection)]);
      if (rows.length > 0) await tellChanged([upstream]);
      return rows.length;
    },
    async replaceConfigured(upstream, resources) {
      const wanted = [...resources];
      for (let from = 0; from < wanted.length; from += PUT_AT_ONCE) {
        await putResources(wanted.slice(from, from + PUT_AT_ONCE));
      }
      await store.query(REMOVE_UNCONFIGURED, [upstream, wanted.map((resource) => resource.path)]);
      await tellChanged([upstream]);
    },
    async forgetUpstreamsExcept(upstreams) {
      await store.query(FORGET, [upstreams]);
    },
  };
}

function argumentOf(selection: ResourceSelection): string {
  switch (selection.kind) {
    case 'path':
      return selection.path;
    case 'prefix':
      return selection.prefix;
    case 'all':
      return '';
  }
}

function resourceOf(row: Row): Resource {
  return {
    upstream: row.upstream,
    path: row.path,
    key: row.key,
    urlHash: row.url_hash,
    maxAgeMs: row.max_age_ms,
    weight: row.weight,
    tags: row.tags,
    source: row.source,
  };
}

function recordOf(resource: Resource): Row {
  return {
    upstream: resource.upstream,
    path: resource.path,
    key: resource.key,
    url_hash: resource.urlHash,
    max_age_ms: resource.maxAgeMs,
    weight: resource.weight,
    tags: [...resource.tags],
    source: resource.source,
  };
}
