import { renderProxyStatus } from '#core';
import type { Fields, ProxyErrorType } from '#core';
import type { FailureCode } from '#contracts';
import type { ClientAnswer } from './client-call.js';

/** Every error that is ours: what the client is told, by code. */
export type ProblemCode =
  | FailureCode
  | 'malformed_request'
  | 'undeclared_host'
  | 'unknown_upstream'
  | 'not_found'
  | 'method_not_supported'
  | 'access_token_required'
  | 'forbidden'
  | 'admin_token_required'
  | 'request_timeout'
  | 'request_too_large'
  | 'fields_too_large'
  | 'range_not_satisfiable'
  | 'transfer_coding'
  | 'http_version'
  | 'unknown_method'
  | 'loop_detected'
  | 'store_away'
  | 'answer_too_large_for_message'
  | 'only_if_cached'
  | 'not_built'
  | 'already_queued'
  | 'not_requeueable'
  | 'invalid_input';

interface Row {
  readonly status: number;
  readonly title: string;
  readonly proxyError?: ProxyErrorType;
}

/** Statuses are chosen here and nowhere else. */
const PROBLEMS: Readonly<Record<ProblemCode, Row>> = {
  malformed_request: { status: 400, title: 'The request is malformed', proxyError: 'http_request_error' },
  invalid_input: { status: 400, title: 'The input does not fit' },
  admin_token_required: { status: 401, title: 'The control plane wants its token' },
  undeclared_host: { status: 403, title: 'This host is not declared', proxyError: 'http_request_denied' },
  forbidden: { status: 403, title: 'Refused' },
  unknown_upstream: { status: 404, title: 'There is no such upstream', proxyError: 'destination_not_found' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_supported: { status: 405, title: 'This method is not supported', proxyError: 'http_request_denied' },
  access_token_required: { status: 407, title: 'The data plane wants its token', proxyError: 'http_request_denied' },
  // RFC 9110 15.5.9: "did not receive a complete request message within the time that it was prepared to wait".
  request_timeout: { status: 408, title: 'The request body stopped coming', proxyError: 'http_request_error' },
  already_queued: { status: 409, title: 'It is queued already' },
  not_requeueable: { status: 409, title: 'It cannot be queued' },
  request_too_large: { status: 413, title: 'The request body is too large', proxyError: 'http_request_denied' },
  answer_too_large_for_message: { status: 413, title: 'The answer does not fit into a message' },
  range_not_satisfiable: { status: 416, title: 'No such range' },
  fields_too_large: { status: 431, title: 'The request fields are too large', proxyError: 'http_request_denied' },
  internal: { status: 500, title: 'Penstock failed', proxyError: 'proxy_internal_error' },
  transfer_coding: {
    status: 501,
    title: 'This transfer coding is not understood',
    proxyError: 'http_request_error',
  },
  // RFC 9110 15.6.2: "the appropriate response when the server does not recognize the request method".
  unknown_method: { status: 501, title: 'This method is not known', proxyError: 'http_request_denied' },
  // RFC 9209 2.3.30 names this status.
  loop_detected: { status: 502, title: 'The call came back to us', proxyError: 'proxy_loop_detected' },
  not_built: { status: 501, title: 'This is not built yet' },
  connection_refused: { status: 502, title: 'The upstream refused the connection', proxyError: 'connection_refused' },
  dns_error: { status: 502, title: 'The upstream has no address', proxyError: 'dns_error' },
  destination_refused: {
    status: 502,
    title: 'The upstream has a private address',
    proxyError: 'destination_ip_prohibited',
  },
  incomplete_answer: {
    status: 502,
    title: 'The upstream did not finish its answer',
    proxyError: 'http_response_incomplete',
  },
  invalid_answer: { status: 502, title: 'The upstream did not answer in HTTP', proxyError: 'http_protocol_error' },
  answer_too_large: { status: 502, title: "The upstream's answer is too large", proxyError: 'http_response_body_size' },
  paused: { status: 503, title: 'The upstream is paused', proxyError: 'destination_unavailable' },
  breaker_open: { status: 503, title: 'The upstream fails', proxyError: 'destination_unavailable' },
  not_sent_in_time: {
    status: 503,
    title: 'The call could not be sent in time',
    proxyError: 'connection_limit_reached',
  },
  holder_away: { status: 503, title: 'No dispatcher holds this upstream', proxyError: 'destination_unavailable' },
  bus_away: { status: 503, title: 'The message bus is away', proxyError: 'destination_unavailable' },
  store_away: { status: 503, title: 'PostgreSQL is away', proxyError: 'destination_unavailable' },
  connection_timeout: { status: 504, title: 'No connection to the upstream in time', proxyError: 'connection_timeout' },
  response_timeout: { status: 504, title: 'No answer from the upstream in time', proxyError: 'http_response_timeout' },
  body_timeout: {
    status: 504,
    title: "The upstream's answer was not complete in time",
    proxyError: 'http_response_timeout',
  },
  outcome_unknown: { status: 504, title: 'The outcome of the call is not known', proxyError: 'http_response_timeout' },
  http_version: { status: 505, title: 'This version of HTTP is not spoken', proxyError: 'http_request_error' },
  only_if_cached: { status: 504, title: 'There is no stored answer', proxyError: 'http_request_denied' },
};

export interface Problem {
  readonly code: ProblemCode;
  readonly detail: string;
  /** Path and query that were asked for. */
  readonly instance?: string | undefined;
  readonly upstream?: string | undefined;
  readonly scope?: string | undefined;
  /** Epoch ms of the next permitted call. */
  readonly resumeAtMs?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly receivedStatus?: number | undefined;
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly upstream?: string;
  readonly scope?: string;
  readonly resumeAt?: string;
}

export const PROBLEM_TYPE = 'application/problem+json';

/** RFC 9457. */
export function problemBody(problem: Problem): ProblemBody {
  const { status, title } = PROBLEMS[problem.code];
  const { detail, instance, upstream, scope, resumeAtMs } = problem;
  return {
    type: `urn:penstock:${problem.code}`,
    title,
    status,
    detail,
    ...(instance === undefined ? {} : { instance }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(scope === undefined ? {} : { scope }),
    ...(resumeAtMs === undefined ? {} : { resumeAt: new Date(resumeAtMs).toISOString() }),
  };
}

export function problemStatus(code: ProblemCode): number {
  return PROBLEMS[code].status;
}

/** RFC 9110 10.2.3: whole seconds, never less than what is meant. */
export function retryAfterOf(problem: Problem, nowMs: number): string | undefined {
  const ms = problem.resumeAtMs === undefined ? problem.retryAfterMs : problem.resumeAtMs - nowMs;
  return ms === undefined ? undefined : String(Math.max(1, Math.ceil(ms / 1000)));
}

/** The answer of the data plane. */
export function problemAnswer(problem: Problem, nowMs: number, more: Fields = []): ClientAnswer {
  const body = new TextEncoder().encode(JSON.stringify(problemBody(problem)));
  const { status, proxyError } = PROBLEMS[problem.code];
  const retryAfter = retryAfterOf(problem, nowMs);
  const fields: Fields = [
    ['Content-Type', PROBLEM_TYPE],
    ['Content-Length', String(body.byteLength)],
    ['Cache-Control', 'no-store'],
    ...(retryAfter === undefined ? [] : [['Retry-After', retryAfter] as const]),
    ...(proxyError === undefined
      ? []
      : [
          [
            'Proxy-Status',
            renderProxyStatus({ error: proxyError, receivedStatus: problem.receivedStatus, details: problem.detail }),
          ] as const,
        ]),
    ...more,
  ];
  return { status, fields, body, outcome: 'problem' };
}
