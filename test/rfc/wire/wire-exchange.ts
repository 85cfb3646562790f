import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Place, WireCase } from './wire-case.js';

export interface WireAnswer {
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface WireCall {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface WireUpstream {
  readonly url: string;
  readonly calls: readonly WireCall[];
  /** What it says to targets that begin so. */
  answers(prefix: string, bytes: string): void;
  close(): Promise<void>;
}

const PLAIN = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: no-store\r\n\r\nok';

/** Takes whatever method comes, answers each request with bytes, and closes. */
export async function startWireUpstream(): Promise<WireUpstream> {
  const calls: WireCall[] = [];
  const scripts = new Map<string, string>();
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const call = requestIn(text);
      if (call === undefined) return;
      calls.push(call);
      const [, answer] = [...scripts].find(([prefix]) => call.target.startsWith(prefix)) ?? [];
      socket.end(Buffer.from(answer ?? PLAIN, 'latin1'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    answers: (prefix, bytes) => void scripts.set(prefix, bytes),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Undefined while it is not whole. */
function requestIn(text: string): WireCall | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [method = '', target = ''] = text.split(' ', 2);
  const { fields } = headOf(text.slice(0, end));
  const rest = text.slice(end + 4);
  if (valueOf(fields, 'transfer-encoding') !== undefined) {
    const came = chunked(rest);
    return came && { method, target, fields, body: came.body };
  }
  const bytes = Number(valueOf(fields, 'content-length') ?? 0);
  return rest.length < bytes ? undefined : { method, target, fields, body: rest.slice(0, bytes) };
}

export interface Talked {
  readonly answers: readonly WireAnswer[];
  /** The proxy closed it. */
  readonly isClosed: boolean;
}

const LONGEST_MS = 8_000;
/** How long a connection that is to stay open is watched. */
const STAYS_OPEN_MS = 150;

/** Sends the pieces over one connection, and reads what comes until all is there that the case expects. */
export function talk(origin: string, { pieces, expect }: WireCase, place: Place): Promise<Talked> {
  const { hostname, port } = new URL(origin);
  const { statuses, isHead = false, closes } = expect;
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let [text, sent, isClosed] = ['', 0, false];
    const answers = (): WireAnswer[] => answersIn(text, isClosed, isHead);
    const end = (): void => {
      clearTimeout(giveUp);
      socket.destroy();
      resolve({ answers: answers(), isClosed });
    };
    const giveUp = setTimeout(end, LONGEST_MS);
    const send = (): void => {
      const piece = pieces[sent];
      if (piece === undefined) return;
      sent += 1;
      socket.write(Buffer.from(typeof piece === 'string' ? piece : piece(place), 'latin1'));
    };
    const look = (): void => {
      const count = answers().length;
      if (count >= statuses.length && closes !== true) setTimeout(end, closes === false ? STAYS_OPEN_MS : 0);
      else if (count >= sent) send();
    };
    socket.on('connect', send);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      look();
    });
    socket.on('close', () => {
      isClosed = true;
      end();
    });
  });
}

/** The answers that are whole. */
function answersIn(text: string, isClosed: boolean, isLastHead: boolean): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let rest = text; rest !== '';) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd === -1) break;
    const head = headOf(rest.slice(0, headEnd));
    const came = bodyOf(head, rest.slice(headEnd + 4), { isClosed, isHead: isLastHead });
    if (came === undefined) break;
    answers.push({ ...head, body: came.body });
    rest = came.rest;
  }
  return answers;
}

type Head = Pick<WireAnswer, 'status' | 'fields'>;

function headOf(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { status: Number(first.split(' ')[1]), fields };
}

/** RFC 9112 6.3. */
function bodyOf(
  head: Head,
  rest: string,
  { isClosed, isHead }: { readonly isClosed: boolean; readonly isHead: boolean },
): { body: string; rest: string } | undefined {
  if (isHead || head.status < 200 || head.status === 204 || head.status === 304) return { body: '', rest };
  if (valueOf(head.fields, 'transfer-encoding') !== undefined) return chunked(rest);
  const length = valueOf(head.fields, 'content-length');
  if (length === undefined) return isClosed ? { body: rest, rest: '' } : undefined;
  const bytes = Number(length);
  return rest.length < bytes ? undefined : { body: rest.slice(0, bytes), rest: rest.slice(bytes) };
}

function chunked(text: string): { body: string; rest: string } | undefined {
  let [body, rest] = ['', text];
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    if (lineEnd === -1) return undefined;
    const bytes = Number.parseInt(rest, 16);
    const end = lineEnd + 2 + bytes;
    if (bytes === 0) return rest.length < end + 2 ? undefined : { body, rest: rest.slice(end + 2) };
    if (rest.length < end + 2) return undefined;
    body += rest.slice(lineEnd + 2, end);
    rest = rest.slice(end + 2);
  }
}

export function valueOf(fields: readonly (readonly [string, string])[], name: string): string | undefined {
  const lines = fields.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return lines.length === 0 ? undefined : lines.join(', ');
}
