import { request } from 'node:http';
import { connect } from 'node:net';

export interface Answered {
  readonly status: number;
  /** As they came, in order. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly text: string;
  /** Lines of the same name joined; undefined where there is none. */
  field(name: string): string | undefined;
  json<T = Record<string, unknown>>(): T;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** Sends the body without saying how long it is. */
  readonly chunked?: boolean;
  readonly signal?: AbortSignal;
}

/** A plain client: the target goes out as it is written, and nothing is added, followed or decoded. */
export function ask(origin: string, target: string, asking: Asking = {}): Promise<Answered> {
  const { hostname, port } = new URL(origin);
  const { method = 'GET', headers = {}, body, chunked = false, signal } = asking;
  const length = body === undefined || chunked ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  const coding = chunked ? { 'Transfer-Encoding': 'chunked' } : {};
  return new Promise((resolve, reject) => {
    const out = request(
      {
        hostname,
        port,
        path: target,
        method,
        headers: { ...length, ...coding, ...headers },
        ...(signal && { signal }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () =>
          resolve(answered(incoming.statusCode ?? 0, incoming.rawHeaders, Buffer.concat(chunks))),
        );
      },
    );
    out.once('error', reject);
    out.end(body);
  });
}

function answered(status: number, raw: readonly string[], body: Buffer): Answered {
  const fields = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []));
  const lines = (wanted: string): string[] =>
    fields.filter(([name]) => name.toLowerCase() === wanted.toLowerCase()).map(([, value]) => value);
  return {
    status,
    fields,
    body,
    text: body.toString(),
    field: (name) => (lines(name).length === 0 ? undefined : lines(name).join(', ')),
    json: <T>() => JSON.parse(body.toString()) as T,
  };
}

/** For what no HTTP client would send: the bytes as they are, and all that comes back until the other end closes. */
export function askRaw(origin: string, bytes: string): Promise<Answered> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('error', reject);
    socket.once('close', () => resolve(parsed(Buffer.concat(chunks))));
  });
}

function parsed(bytes: Buffer): Answered {
  const end = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const raw = lines.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  return answered(Number(first.split(' ')[1]), raw, bytes.subarray(end + 4));
}

/** What `Cache-Status` said, without who said it. */
export function cacheStatusOf(answer: Pick<Answered, 'field'>): string {
  return (answer.field('Cache-Status') ?? '').replace(/^penstock; /, '');
}

/** Of a hit, in seconds. */
export function ttlOf(answer: Answered): number {
  return Number(/^hit; ttl=(-?\d+)/.exec(cacheStatusOf(answer))?.[1] ?? NaN);
}
