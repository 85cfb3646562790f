import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Announcement } from './announcement.js';
import { isObject, parseJson, refusal, type Answer } from './answer.js';
import type { ApiCall } from './api-call.js';
import { CUT } from './arrivals.js';
import { deliver, send } from './delivery.js';
import type { Demo } from './demo.js';
import type { Fault } from './faults.js';
import { readBody } from './request-body.js';
import { answerTo } from './routes.js';

const NO_QUERY = new URLSearchParams();

/** One call's life: it arrives, is let in or throttled, waits its turn, is answered late, and ends. */
export class Exchanges {
  private dateSecond = 0;
  private dateFields: readonly string[] = [];

  constructor(private readonly demo: Demo) {}

  begin(request: IncomingMessage, response: ServerResponse): void {
    const { judge, gate } = this.demo;
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const row = judge.arrived(request.method ?? 'GET', path);
    response.on('close', () => judge.settled(row, response.writableFinished ? response.statusCode : CUT));
    response.sendDate = false;
    const verdict = gate.arrive(judge.inFlight);
    if (verdict.kind === 'throttled') this.refuse(request, response, verdict.announcement);
    else this.admit(request, response, path);
  }

  private refuse(request: IncomingMessage, response: ServerResponse, announcement: Announcement): void {
    const { judge, gate, profile } = this.demo;
    judge.refused();
    if (request.method === 'POST') this.countPost(request, undefined, 'refused');
    const answer = refusal(announcement.status, 'rate_limited', 'too many calls; slow down', announcement.fields);
    later(profile.latency.throttledMs, () => {
      // Where the announcement names a remaining quota itself, a second, contrary one would be a lie.
      const quota = announcement.form === 'github' ? [] : gate.quotaFields();
      send(response, answer, this.dated(quota), () => judge.flushed(announcement));
    });
  }

  private admit(request: IncomingMessage, response: ServerResponse, path: string): void {
    this.demo.judge.admitted();
    readBody(request, (body) => {
      if (request.method === 'POST') this.countPost(request, body, 'seen');
      if (body === undefined)
        return send(response, refusal(413, 'too_large', 'expected at most 32 MiB'), this.dated([]));
      this.work(callOf(request, path, body), response);
    });
  }

  /** The answer is made when the work begins and leaves when it is done: a write in between overtakes it. */
  private work(call: ApiCall, response: ServerResponse): void {
    const { turnstile, faults, gate } = this.demo;
    turnstile.enter((leave) => {
      response.on('close', leave);
      if (response.destroyed) return leave();
      const fault = faults.draw(call.path);
      const answer = this.answerWith(call, fault);
      later(this.delayMs(fault), () => {
        if (response.destroyed) return;
        deliver(response, answer, fault, this.dated(gate.quotaFields()));
      });
    });
  }

  private answerWith(call: ApiCall, fault: Fault | undefined): Answer {
    if (fault === 'error')
      return refusal(this.demo.profile.faults.errorStatus, 'broken', 'an error that was asked for');
    return answerTo(this.demo, call);
  }

  private delayMs(fault: Fault | undefined): number {
    return this.demo.latencyMs() + (fault === 'slow' ? this.demo.profile.faults.slowMs : 0);
  }

  /** With the Date of the API's own clock, made once a second. */
  private dated(fields: readonly string[]): readonly string[] {
    const nowAt = this.demo.clock.epochMs();
    const second = Math.floor(nowAt / 1000);
    if (second !== this.dateSecond) {
      this.dateSecond = second;
      this.dateFields = ['Date', new Date(nowAt).toUTCString()];
    }
    return fields.length === 0 ? this.dateFields : fields.concat(this.dateFields);
  }

  private countPost(request: IncomingMessage, body: Buffer | undefined, outcome: 'seen' | 'refused'): void {
    const key = single(request.headers['idempotency-key']);
    const id = single(request.headers['x-call-id']) ?? key ?? idIn(body);
    this.demo.posts.count(id, key !== undefined, outcome);
  }
}

function callOf(request: IncomingMessage, path: string, body: Buffer): ApiCall {
  const url = request.url ?? '/';
  return {
    method: request.method ?? 'GET',
    url,
    path,
    query: url.length > path.length ? new URLSearchParams(url.slice(path.length + 1)) : NO_QUERY,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    body,
  };
}

function single(field: string | string[] | undefined): string | undefined {
  return typeof field === 'string' ? field : field?.[0];
}

function idIn(body: Buffer | undefined): string | undefined {
  const content = body === undefined ? undefined : parseJson(body);
  const id = isObject(content) ? content['id'] : undefined;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

function later(delayMs: number, act: () => void): void {
  if (delayMs <= 0) act();
  else setTimeout(act, delayMs);
}
