const ROWS_PER_CHUNK = 65_536;
const MAX_CHUNKS = 32;
const MAX_PATHS = 20_000;

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'OTHER'] as const;
/** What an arrival was, seen from the pauses that had been announced. */
export const KINDS = ['ordinary', 'straggler', 'probe', 'violation'] as const;
export type ArrivalKind = (typeof KINDS)[number];

/** Of a call that has no answer yet, and of one whose connection ended before its answer did. */
export const PENDING = 0;
export const CUT = -1;

interface Chunk {
  atMs: Float64Array;
  path: Uint32Array;
  status: Int16Array;
  method: Uint8Array;
  kind: Uint8Array;
}

export interface Arrival {
  row: number;
  atMs: number;
  method: string;
  path: string;
  kind: string;
  status: number;
}

function emptyChunk(): Chunk {
  const rows = ROWS_PER_CHUNK;
  return {
    atMs: new Float64Array(rows),
    path: new Uint32Array(rows),
    status: new Int16Array(rows),
    method: new Uint8Array(rows),
    kind: new Uint8Array(rows),
  };
}

/** Every arrival, 16 bytes each, the oldest let go beyond two million. Rows are numbered for ever, also over a reset. */
export class ArrivalLog {
  private readonly chunks = new Map<number, Chunk>();
  private readonly pathIds = new Map<string, number>();
  private paths: string[] = ['(other)'];
  private first = 0;
  private next = 0;

  add(atMs: number, method: string, path: string, kind: ArrivalKind): number {
    const row = this.next++;
    const chunk = this.chunkFor(row);
    const place = row % ROWS_PER_CHUNK;
    const known = METHODS.indexOf(method as (typeof METHODS)[number]);
    chunk.atMs[place] = atMs;
    chunk.path[place] = this.pathId(path);
    chunk.method[place] = known === -1 ? METHODS.length - 1 : known;
    chunk.kind[place] = KINDS.indexOf(kind);
    return row;
  }

  settle(row: number, status: number): void {
    const chunk = this.chunks.get(Math.floor(row / ROWS_PER_CHUNK));
    if (chunk !== undefined) chunk.status[row % ROWS_PER_CHUNK] = status;
  }

  clear(): void {
    this.first = this.next;
  }

  /** Rows from `since` on, and the row to ask for next. */
  page(since: number, limit: number): { arrivals: Arrival[]; next: number; oldest: number } {
    const from = Math.max(since, this.first);
    const to = Math.min(this.next, from + limit);
    const arrivals: Arrival[] = [];
    for (let row = from; row < to; row++) arrivals.push(this.read(row));
    return { arrivals, next: Math.max(from, to), oldest: this.first };
  }

  private read(row: number): Arrival {
    const chunk = this.chunks.get(Math.floor(row / ROWS_PER_CHUNK)) ?? emptyChunk();
    const place = row % ROWS_PER_CHUNK;
    return {
      row,
      atMs: chunk.atMs[place] ?? 0,
      method: METHODS[chunk.method[place] ?? 0] ?? 'OTHER',
      path: this.paths[chunk.path[place] ?? 0] ?? '(other)',
      kind: KINDS[chunk.kind[place] ?? 0] ?? 'ordinary',
      status: chunk.status[place] ?? PENDING,
    };
  }

  private chunkFor(row: number): Chunk {
    const number = Math.floor(row / ROWS_PER_CHUNK);
    let chunk = this.chunks.get(number);
    if (chunk === undefined) {
      chunk = emptyChunk();
      this.chunks.set(number, chunk);
      this.chunks.delete(number - MAX_CHUNKS);
      this.first = Math.max(this.first, (number - MAX_CHUNKS + 1) * ROWS_PER_CHUNK);
    }
    return chunk;
  }

  private pathId(path: string): number {
    const known = this.pathIds.get(path);
    if (known !== undefined) return known;
    if (this.paths.length >= MAX_PATHS) return 0;
    this.pathIds.set(path, this.paths.length);
    return this.paths.push(path) - 1;
  }
}
