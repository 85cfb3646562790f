import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { fieldsFromRaw, fieldValue, withoutHopByHop } from '#core';
import type { Field } from '#core';
import type { Clock, Logger } from '#runtime';
import type { AnswerService } from './answer.service.js';
import type { AnswerMetrics } from './answer-metrics.js';
import { NO_BODY } from './client-call.js';
import type { ClientAnswer, ClientCall } from './client-call.js';
import type { DeferralService } from './deferral.service.js';
import type { DirectoryService } from './directory.service.js';
import { EarlyHits } from './early-hits.js';
import { HitPath } from './hit-path.js';
import type { HitPathParts } from './hit-path.js';
import { problemAnswer } from './problems.js';
import type { Problem, ProblemCode } from './problems.js';
import { receiveProblem } from './answer-problem.js';
import { sendFlowing } from './flowing-answer.js';
import { ClientUpload, drain, receive } from './request-body.js';
import type { BodyLimits } from './request-body.js';
import { ALLOWED, headFaultOf, isForUsAlone } from './request-head.js';
import type { RequestHead } from './request-head.js';

export interface DataPlaneOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: everyone who reaches the port may ask. */
  readonly accessToken: string | undefined;
  readonly directory: DirectoryService;
  readonly answers: AnswerService;
  readonly deferrals: Pick<DeferralService, 'answer'>;
  /** What the short path of hits asks besides these. */
  readonly hits: HitPathParts;
  readonly metrics: AnswerMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAX_FIELD_BYTES = 64 * 1024;
const KEEP_ALIVE_MS = 65_000;
/** Node's own bound, which it would drop together with the one for the whole request. */
const HEAD_MS = 60_000;
const LONGEST_LAST_ANSWERS_MS = 5_000;
const EXPLAIN_TUNNEL =
  'a tunnel could be neither cached nor paced; ask http://<penstock>/<upstream>/<path>, or send the absolute form: GET http://<declared host>/<path>';

/** The data plane: what applications call. Outside of Nest's request pipeline, since almost every call ends here, from memory. */
export class DataPlaneController {
  private readonly server: Server;
  private readonly hits: HitPath;
  private readonly adopted = new Set<Socket>();
  private nextId = 0;

  constructor(private readonly options: DataPlaneOptions) {
    this.server = createServer(
      // A missing Host is told like everything else that is malformed.
      // How long a body may take depends on its size: what is bounded is the client's silence amid it.
      {
        maxHeaderSize: MAX_FIELD_BYTES,
        keepAliveTimeout: KEEP_ALIVE_MS,
        requestTimeout: 0,
        headersTimeout: HEAD_MS,
        requireHostHeader: false,
      },
      (request, response) => {
        void this.serve(request, response);
      },
    );
    // Else Node says 100 before it is known whether the body is wanted.
    this.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      waitsForContinue.add(request);
      void this.serve(request, response);
    });
    // RFC 9110 10.1.1: to other expectations a 417 "MAY" be said. They are fields of the client's like others.
    this.server.on(
      'checkExpectation',
      (request: IncomingMessage, response: ServerResponse) => void this.serve(request, response),
    );
    const { directory, answers, metrics, clock } = options;
    this.hits = new HitPath({
      ...options.hits,
      ...{ directory, answers, metrics, clock, keepAliveMs: KEEP_ALIVE_MS },
      isAdmitted: (given) => this.isAllowed(given),
    });
    new EarlyHits(this.server, (bytes) => this.hits.answer(bytes));
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

  /** Who is being answered has a while for the rest; a body that flows may take hours. */
  /** Serves connections that are accepted elsewhere. */
  adoptFrom(accepted: (adopt: (socket: Socket) => void) => void): void {
    // node:http begins to watch over its connections when it listens.
    this.server.emit('listening');
    accepted((socket) => {
      this.adopted.add(socket);
      socket.once('close', () => this.adopted.delete(socket));
      // As node:http has those that it accepts.
      socket.allowHalfOpen = true;
      socket.setNoDelay(true);
      this.server.emit('connection', socket);
    });
  }

  async close(): Promise<void> {
    const giveUp = setTimeout(() => this.server.closeAllConnections(), LONGEST_LAST_ANSWERS_MS);
    // The server counts those that it accepted.
    const adopted = [...this.adopted].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    const accepted = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    await Promise.all([accepted, ...adopted]);
    clearTimeout(giveUp);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    latest.set(request.socket, response);
    const startedAtMs = this.options.clock.now();
    let answer: ClientAnswer;
    let upstream = '';
    let stallMs = 0;
    try {
      const taken = await this.take(request, response);
      if ('outcome' in taken) answer = taken;
      else {
        upstream = taken.upstream.id;
        stallMs = taken.upstream.config.timeouts.bodyMs;
        answer = await this.options.answers.answer(taken);
        if (isKept(answer) && taken.method === 'GET') this.hits.learn(request.url ?? '/', taken);
      }
    } catch (error) {
      this.options.logger.error({ err: error, method: request.method }, 'a call failed inside Penstock');
      answer = this.problem({ code: 'internal', detail: 'Penstock failed; its log says more' });
    }
    this.options.metrics.answered(upstream, answer.outcome, this.options.clock.now() - startedAtMs);
    send(response, answer, stallMs);
  }

  /** The call, or why it is none. */
  private async take(request: IncomingMessage, response: ServerResponse): Promise<ClientCall | ClientAnswer> {
    const { directory } = this.options;
    if (!this.isAdmitted(request)) return this.askForToken();
    const method = request.method ?? 'GET';
    const fields = fieldsFromRaw(request.rawHeaders);
    const own = this.ownAnswer({ method, target: request.url ?? '/', version: request.httpVersion, fields });
    if (own !== undefined) return own;
    const target = directory.route(request.url ?? '/');
    const call = {
      id: `c${(this.nextId += 1).toString(36)}`,
      traceparent: fieldValue(fields, 'traceparent'),
      method,
      receivedVersion: request.httpVersion,
    };
    if (target.kind === 'own') {
      const own = { ...call, path: target.path, fields, signal: leavingSignal(response) };
      return this.options.deferrals.answer(own, (asked) => this.options.answers.answer(asked));
    }
    if (target.kind === 'refused')
      return this.problem({ code: REFUSALS[target.status], detail: target.detail, instance: request.url });
    const upstream = directory.get(target.upstream);
    if (upstream === undefined)
      return this.problem({
        code: 'unknown_upstream',
        detail: `no upstream is named ${target.upstream}`,
        instance: request.url,
      });
    const body = await this.bodyOf(request, response, {
      maxBytes: upstream.config.maxRequestBodyBytes,
      idleMs: upstream.config.timeouts.bodyMs,
    });
    if ('outcome' in body) return body;
    // Made when somebody asks for it: a hit does not.
    let leaving: AbortSignal | undefined;
    return {
      ...call,
      upstream,
      path: target.path,
      fields: withoutHopByHop(fields),
      ...(body instanceof ClientUpload ? { body: NO_BODY, upload: body } : { body }),
      get signal() {
        return (leaving ??= leavingSignal(response));
      },
    };
  }

  /** To what goes no further than here, or nowhere. */
  private ownAnswer(head: RequestHead): ClientAnswer | undefined {
    const fault = headFaultOf(head);
    // RFC 9112 6.1, 9.6: where a message ends that is framed wrongly nobody knows.
    if (fault !== undefined) return withField(this.problem({ ...fault, instance: head.target }), CLOSE);
    if (head.method === 'TRACE') {
      const detail = 'TRACE is not passed on';
      // RFC 9110 15.5.6: with a list of the methods that are supported.
      return withField(this.problem({ code: 'method_not_supported', detail, instance: head.target }), ALLOWED);
    }
    if (!isForUsAlone(head)) return undefined;
    return { status: 204, fields: [ALLOWED], body: NO_BODY, outcome: 'pass' };
  }

  private async bodyOf(
    request: IncomingMessage,
    response: ServerResponse,
    limits: BodyLimits,
  ): Promise<Uint8Array | ClientUpload | ClientAnswer> {
    if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined)
      return NO_BODY;
    try {
      if (Number(request.headers['content-length'] ?? 0) <= limits.maxBytes) sayContinue(request, response);
      return await receive(request, limits);
    } catch (error) {
      const problem = receiveProblem(error, limits);
      if (problem === undefined) throw error;
      return this.problem({ ...problem, instance: request.url });
    }
  }

  private isAdmitted(request: IncomingMessage): boolean {
    return this.isAllowed(request.headers['proxy-authorization'] ?? '');
  }

  private isAllowed(proxyAuthorization: string): boolean {
    const { accessToken } = this.options;
    return accessToken === undefined || isSame(proxyAuthorization, `Bearer ${accessToken}`);
  }

  private askForToken(): ClientAnswer {
    const detail = 'send Proxy-Authorization: Bearer with the value of PENSTOCK_ACCESS_TOKEN';
    const realm = ['Proxy-Authenticate', 'Bearer realm="penstock"'] as const;
    return withField(this.problem({ code: 'access_token_required', detail }), realm);
  }

  private problem(problem: Problem): ClientAnswer {
    return problemAnswer(problem, this.options.clock.now());
  }

  private clientError(error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const refuse = (code: ProblemCode, detail: string): void =>
      inTurn(socket, () => this.refuseOnSocket(socket, code, detail));
    if (error.code === 'HPE_HEADER_OVERFLOW')
      refuse('fields_too_large', `expected at most ${MAX_FIELD_BYTES} bytes of fields`);
    else if (error.code === 'HPE_INVALID_METHOD' && beginsLikeRequest(error))
      refuse('unknown_method', 'expected a method that is registered (RFC 9110 16.1.1)');
    else refuse('malformed_request', 'expected an HTTP/1.1 request');
  }

  private refuseOnSocket(socket: Duplex, code: ProblemCode, detail: string): void {
    const { status, fields, body } = this.problem({ code, detail });
    const allowed = status === 405 ? [ALLOWED] : [];
    const lines = [...fields, ...allowed, CLOSE].map(([name, value]) => `${name}: ${value}\r\n`);
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

const CLOSE = ['Connection', 'close'] as const;

function withField(answer: ClientAnswer, field: Field): ClientAnswer {
  return { ...answer, fields: [...answer.fields, field] };
}

/** What is a request line but for a method that Node's parser does not know; not what speaks another protocol. */
function beginsLikeRequest({ rawPacket }: { readonly rawPacket?: Buffer }): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+ \S+ HTTP\/1\.[01]\r?\n/i.test(rawPacket?.toString('latin1', 0, 8_192) ?? '');
}

/** The last request of a connection whose header section came. */
const latest = new WeakMap<Duplex, ServerResponse>();

/** RFC 9112 9.3.2: after the answers to what came before it; at once where the request that is wrong is the one being read. */
function inTurn(socket: Duplex, refuse: () => void): void {
  const before = latest.get(socket);
  if (before === undefined || !before.req.complete || before.writableFinished) return refuse();
  before.once('close', () => {
    if (socket.writable) refuse();
  });
}

/** Requests whose client sends its body when it is told 100, and not before. */
const waitsForContinue = new WeakSet<IncomingMessage>();

/** RFC 9110 10.1.1: once its body is wanted. */
function sayContinue(request: IncomingMessage, response: ServerResponse): void {
  if (waitsForContinue.delete(request)) response.writeContinue();
}

function send(response: ServerResponse, { status, fields, body, flow }: ClientAnswer, stallMs: number): void {
  if (response.destroyed) return flow?.drop();
  // RFC 9110 10.1.1: a final status instead of 100; whether its body follows all the same is the client's to choose, so nothing after it
  // on this connection could be told from it.
  const isUnread = waitsForContinue.has(response.req);
  response.writeHead(status, (isUnread ? [...fields, CLOSE] : fields).flat());
  if (flow === undefined) response.end(body);
  else void sendFlowing(response, flow, stallMs);
  if (!response.req.complete) drain(response.req);
}

/** From what is stored, or probably stored now. */
function isKept({ outcome }: ClientAnswer): boolean {
  return outcome === 'hit' || outcome === 'stale' || outcome === 'miss' || outcome === 'revalidated';
}

/** Fires when the client goes away before it was answered. */
function leavingSignal(response: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  if (response.closed && !response.writableFinished) leaving.abort();
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
