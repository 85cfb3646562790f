import { isNamed } from '#core';
import type { Field, Fields } from '#core';
import { openFetchDoor } from '#bus';
import type { Bus } from '#bus';
import type { DoorReply, DoorRequest } from '#contracts';
import type { Clock } from '#runtime';
import type { AnswerService } from './answer.service.js';
import { NO_BODY } from './client-call.js';
import type { ClientAnswer, ClientCall } from './client-call.js';
import type { DirectoryService } from './directory.service.js';
import { problemAnswer } from './problems.js';

export interface DoorOptions {
  readonly bus: Bus;
  readonly directory: DirectoryService;
  readonly answers: AnswerService;
  readonly clock: Clock;
}

/** What fits into one message beside its envelope, in base64. */
const MOST_BODY_BYTES = 700 * 1024;
const MALFORMED_PATH = /^(?![/?])/;

/** The data plane for programs that speak NATS and not HTTP. */
export class DoorService {
  private readonly closeDoor: () => void;
  private nextId = 0;

  constructor(private readonly options: DoorOptions) {
    this.closeDoor = openFetchDoor(options.bus, (upstream, request) => this.answer(upstream, request));
  }

  close(): void {
    this.closeDoor();
  }

  private async answer(upstreamId: string, request: DoorRequest): Promise<DoorReply> {
    const { directory, answers, clock } = this.options;
    const { method, path } = checked(request);
    const target = directory.route(`/${upstreamId}${path}`);
    const upstream = target.kind === 'upstream' ? directory.get(target.upstream) : undefined;
    if (target.kind !== 'upstream' || upstream === undefined) {
      const code = target.kind === 'refused' && target.status === 400 ? 'malformed_request' : 'unknown_upstream';
      const detail = target.kind === 'refused' ? target.detail : `no upstream is named ${upstreamId}`;
      return replyOf(problemAnswer({ code, detail, instance: path, upstream: upstreamId }, clock.now()), clock.now());
    }
    const call: ClientCall = {
      id: `d${(this.nextId += 1).toString(36)}`,
      traceparent: undefined,
      method,
      upstream,
      path: target.path,
      fields: fieldsOf(request),
      body: request.body64 === undefined ? NO_BODY : Buffer.from(request.body64, 'base64'),
      receivedVersion: 'NATS',
      signal: new AbortController().signal,
    };
    return replyOf(await answers.answer(call), clock.now());
  }
}

/** @throws with what was expected. */
function checked(request: DoorRequest): { method: string; path: string } {
  const { method, path } = request;
  if (typeof method !== 'string' || !/^[A-Z]{1,20}$/.test(method))
    throw new Error(`method: expected such as GET, found ${JSON.stringify(method)}`);
  if (typeof path !== 'string' || MALFORMED_PATH.test(path))
    throw new Error(`path: expected to begin with /, found ${JSON.stringify(path)}`);
  return { method, path };
}

/** RFC 7240 4.3 in the words of the door: `waitMs`, in whole seconds or parts of them. */
function fieldsOf({ headers, waitMs }: DoorRequest): Fields {
  const fields: Field[] =
    headers === undefined
      ? []
      : Array.isArray(headers)
        ? [...(headers as Fields)]
        : Object.entries(headers as Record<string, string>);
  const wait: Field[] = waitMs === undefined ? [] : [['Prefer', `wait=${Math.ceil(waitMs / 1000)}`]];
  return [...fields.filter(([name]) => !isNamed(name, 'host')), ...wait];
}

function replyOf(answer: ClientAnswer, nowMs: number): DoorReply {
  answer.flow?.drop();
  const bytes = answer.flow === undefined ? answer.body.byteLength : (answer.flow.bytes ?? Infinity);
  if (bytes > MOST_BODY_BYTES) {
    const found = bytes === Infinity ? 'more than cache.maxBody' : String(bytes);
    const detail = `the answer has ${found} bytes, a message can carry ${MOST_BODY_BYTES}; ask over HTTP`;
    return replyOf(problemAnswer({ code: 'answer_too_large_for_message', detail }, nowMs), nowMs);
  }
  return { status: answer.status, headers: answer.fields, body64: Buffer.from(answer.body).toString('base64') };
}
