import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Clock, Logger } from '#runtime';
import { PROBLEM_TYPE, problemBody, problemStatus, retryAfterOf } from './problems.js';
import type { Problem, ProblemCode } from './problems.js';

/** Thrown by controllers of the control plane; becomes problem+json here and nowhere else. */
export class ProblemException extends Error {
  override readonly name = 'ProblemException';
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): unknown;
  readonly sent: boolean;
}

/** Every error of the control plane in one form. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<Reply>();
    const { url } = http.getRequest<{ url: string }>();
    if (reply.sent) return;
    const problem = { instance: url, ...this.problemOf(error) };
    const retryAfter = retryAfterOf(problem, this.clock.now());
    if (retryAfter !== undefined) void reply.header('Retry-After', retryAfter);
    reply
      .header('Content-Type', PROBLEM_TYPE)
      .status(problemStatus(problem.code))
      .send(JSON.stringify(problemBody(problem)));
  }

  private problemOf(error: unknown): Problem {
    if (error instanceof ProblemException) return error.problem;
    const status = statusOf(error);
    if (status !== undefined && status < 500)
      return { code: CODES[status] ?? 'invalid_input', detail: (error as Error).message };
    this.logger.error({ err: error }, 'a request to the control plane failed');
    return { code: 'internal', detail: 'Penstock failed; its log says more' };
  }
}

/** Nest's own exceptions and Fastify's (a malformed body, one that is too large) both tell a status. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
}

const CODES: Readonly<Record<number, ProblemCode>> = {
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_supported',
  413: 'request_too_large',
};
