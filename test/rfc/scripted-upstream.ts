import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, FieldsOf, Sending } from './case.js';

export interface SeenCall {
  readonly method: string;
  /** As it came, with the query. */
  readonly path: string;
  /** As it came, in order. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

/** What one case has the upstream say, and what it was asked meanwhile. */
export interface Script {
  readonly path: string;
  /** To the next calls, in this order; the last one stands. */
  answers: readonly Answer[];
  /** Sent where the answer has no body of its own. */
  body: string;
  readonly calls: SeenCall[];
}

/** A real HTTP server that says to each path what the case under it wants said. */
export interface ScriptedUpstream {
  readonly url: string;
  /** Paths that begin with `/<id>` belong to this script until `end`. */
  begin(id: string): Script;
  end(id: string): void;
  close(): Promise<void>;
}

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const scripts = new Map<string, Script>();
  const server = createServer((request, response) => {
    const id = /^\/([^/?]*)/.exec(request.url ?? '')?.[1] ?? '';
    const script = scripts.get(id);
    // A refresh that was still on its way when its case was over.
    if (script === undefined) return void response.writeHead(410, { 'Cache-Control': 'no-store' }).end();
    void answerBy(script, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    begin: (id) => {
      const script: Script = { path: `/${id}`, answers: [], body: '', calls: [] };
      scripts.set(id, script);
      return script;
    },
    end: (id) => void scripts.delete(id),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerBy(script: Script, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await textOf(request);
  const [next = {}, ...later] = script.answers;
  const answer = next.ifAsked === true && !isConditional(request) ? { ...next, status: 200 } : next;
  if (later.length > 0) script.answers = later;
  script.calls.push({
    method: request.method ?? '',
    path: request.url ?? '',
    fields: pairsOf(request.rawHeaders),
    body,
  });
  if (answer.breaksOff === 'at-once') return void request.socket.destroy();
  if (answer.earlyHint !== undefined) response.writeEarlyHints({ link: answer.earlyHint });
  const text = answer.body ?? script.body;
  if (answer.afterMs === undefined) return say(answer, text, script.path, response);
  setTimeout(() => say(answer, text, script.path, response), answer.afterMs);
}

function isConditional({ headers }: IncomingMessage): boolean {
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
}

function say(
  { status = 200, fields = {}, breaksOff }: Answer,
  body: string,
  path: string,
  response: ServerResponse,
): void {
  const text = hasNoBody(status) ? '' : body;
  response.sendDate = false;
  response.writeHead(
    status,
    [...linesOf(fields, { nowMs: Date.now(), path }), ...lengthOf(status, text, fields)].flat(),
  );
  if (breaksOff !== 'in-the-body') return void response.end(text);
  response.write(text.slice(0, 3), () => response.destroy());
}

/** Also what a request of these fields has. Without a word about it, Date is now. */
export function linesOf(fields: FieldsOf, sending: Sending): [string, string][] {
  const named: FieldsOf = { Date: new Date(sending.nowMs).toUTCString(), ...fields };
  return Object.entries(named).flatMap(([name, value]) => {
    const values = typeof value === 'string' || typeof value === 'function' ? [value] : value;
    return values.map((one): [string, string] => [name, typeof one === 'string' ? one : one(sending)]);
  });
}

function lengthOf(status: number, text: string, fields: FieldsOf): [string, string][] {
  const isSaid = Object.keys(fields).some((name) => name.toLowerCase() === 'content-length');
  return hasNoBody(status) || isSaid ? [] : [['Content-Length', String(Buffer.byteLength(text))]];
}

export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

export function pairsOf(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, raw[i + 1] ?? '']] : []));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
