import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { fieldsFromRaw, fieldValue, withoutHopByHop } from '#core';
import type { Clock, Logger } from '#runtime';
import type { AnswerService } from './answer.service.js';
import type { AnswerMetrics } from './answer-metrics.js';
import { NO_BODY } from './client-call.js';
import type { ClientAnswer, ClientCall } from './client-call.js';
import type { DirectoryService } from './directory.service.js';
import { problemAnswer } from './problems.js';
import type { Problem, ProblemCode } from './problems.js';
import { BodyTooLarge, drain, readBody } from './request-body.js';

export interface DataPlaneOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: everyone who reaches the port may ask. */
  readonly accessToken: string | undefined;
  readonly directory: DirectoryService;
  readonly answers: AnswerService;
  readonly metrics: AnswerMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAX_FIELD_BYTES = 64 * 1024;
const KEEP_ALIVE_MS = 65_000;
const EXPLAIN_TUNNEL =
  'a tunnel could be neither cached nor paced; ask http://<penstock>/<upstream>/<path>, or send the absolute form: GET http://<declared host>/<path>';

/** The data plane: what applications call. Outside of Nest's request pipeline, since almost every call ends here, from memory. */
export class DataPlaneController {
  private readonly server: Server;
  private nextId = 0;

  constructor(private readonly options: DataPlaneOptions) {
    this.server = createServer(
      { maxHeaderSize: MAX_FIELD_BYTES, keepAliveTimeout: KEEP_ALIVE_MS },
      (request, response) => {
        void this.serve(request, response);
      },
    );
    this.server.on('connect', (_request, socket) =>
      this.refuseOnSocket(socket, 'method_not_supported', EXPLAIN_TUNNEL),
    );
    this.server.on('clientError', (error, socket) => this.clientError(error, socket));
  }

  /** @throws when the port is taken. */
  listen(): Promise<number> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAtMs = this.options.clock.now();
    let answer: ClientAnswer;
    let upstream = '';
    try {
      const taken = await this.take(request, response);
      if ('outcome' in taken) answer = taken;
      else {
        upstream = taken.upstream.id;
        answer = await this.options.answers.answer(taken);
      }
    } catch (error) {
      this.options.logger.error({ err: error, method: request.method }, 'a call failed inside Penstock');
      answer = this.problem({ code: 'internal', detail: 'Penstock failed; its log says more' });
    }
    this.options.metrics.answered(upstream, answer.outcome, this.options.clock.now() - startedAtMs);
    send(response, answer);
  }

  /** The call, or why it is none. */
  private async take(request: IncomingMessage, response: ServerResponse): Promise<ClientCall | ClientAnswer> {
    const { directory } = this.options;
    if (!this.isAdmitted(request)) return this.askForToken();
    const method = request.method ?? 'GET';
    if (method === 'TRACE')
      return this.problem({ code: 'method_not_supported', detail: 'TRACE is not passed on', instance: request.url });
    const target = directory.route(request.url ?? '/');
    if (target.kind === 'own')
      return this.problem({
        code: 'not_found',
        detail: 'there is no deferred answer of this id',
        instance: target.path,
      });
    if (target.kind === 'refused')
      return this.problem({ code: REFUSALS[target.status], detail: target.detail, instance: request.url });
    const upstream = directory.get(target.upstream);
    if (upstream === undefined)
      return this.problem({
        code: 'unknown_upstream',
        detail: `no upstream is named ${target.upstream}`,
        instance: request.url,
      });
    const body = await this.bodyOf(request, upstream.config.maxRequestBodyBytes);
    if (!(body instanceof Uint8Array)) return body;
    const fields = fieldsFromRaw(request.rawHeaders);
    return {
      id: `c${(this.nextId += 1).toString(36)}`,
      traceparent: fieldValue(fields, 'traceparent'),
      method,
      upstream,
      path: target.path,
      fields: withoutHopByHop(fields),
      body,
      receivedVersion: request.httpVersion,
      signal: leavingSignal(response),
    };
  }

  private async bodyOf(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | ClientAnswer> {
    if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined)
      return NO_BODY;
    try {
      return await readBody(request, maxBytes);
    } catch (error) {
      if (!(error instanceof BodyTooLarge)) throw error;
      const detail = `expected at most ${maxBytes} bytes (maxRequestBody), found more; raise it in the configuration if such bodies are meant`;
      return this.problem({ code: 'request_too_large', detail, instance: request.url });
    }
  }

  private isAdmitted(request: IncomingMessage): boolean {
    const { accessToken } = this.options;
    if (accessToken === undefined) return true;
    return isSame(request.headers['proxy-authorization'] ?? '', `Bearer ${accessToken}`);
  }

  private askForToken(): ClientAnswer {
    const detail = 'send Proxy-Authorization: Bearer with the value of PENSTOCK_ACCESS_TOKEN';
    const answer = this.problem({ code: 'access_token_required', detail });
    return { ...answer, fields: [...answer.fields, ['Proxy-Authenticate', 'Bearer realm="penstock"']] };
  }

  private problem(problem: Problem): ClientAnswer {
    return problemAnswer(problem, this.options.clock.now());
  }

  private clientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    if (error.code === 'HPE_HEADER_OVERFLOW')
      this.refuseOnSocket(socket, 'fields_too_large', `expected at most ${MAX_FIELD_BYTES} bytes of fields`);
    else this.refuseOnSocket(socket, 'malformed_request', 'expected an HTTP/1.1 request');
  }

  private refuseOnSocket(socket: Duplex, code: ProblemCode, detail: string): void {
    const { status, fields, body } = this.problem({ code, detail });
    const lines = [...fields, ['Connection', 'close'] as const].map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${Buffer.from(body).toString('utf8')}`,
    );
  }
}

const REFUSALS: Readonly<Record<400 | 403 | 404, ProblemCode>> = {
  400: 'malformed_request',
  403: 'undeclared_host',
  404: 'unknown_upstream',
};

function send(response: ServerResponse, { status, fields, body }: ClientAnswer): void {
  if (response.destroyed) return;
  response.writeHead(status, fields.flat());
  response.end(body);
  if (!response.req.complete) drain(response.req);
}

/** Fires when the client goes away before it was answered. */
function leavingSignal(response: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) leaving.abort();
  });
  return leaving.signal;
}

/** In a time that does not tell how much of it was right. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
