import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { json, notFound, parseJson, refusal, type Answer } from './answer.js';
import { send } from './delivery.js';
import type { Demo } from './demo.js';
import { FAULTS } from './faults.js';
import { parse, patchProfile, throttleSchema } from './profile.js';
import { readBody } from './request-body.js';
import { agesOf, resourceColumns, resourceRows } from './resources.js';
import { scoreOf } from './score.js';

const faultSchema = z.strictObject({
  fault: z.enum(FAULTS),
  times: z.int().min(1).default(1),
  path: z.string().default('/'),
});
const MAX_PAGE = 100_000;
const ITEM = /^\/items\/(\d{1,9})$/;

type Control = (demo: Demo, query: URLSearchParams, body: Buffer) => Answer;

/** The door of the judge's users: it neither counts nor is limited. */
const CONTROLS: Record<string, Control> = {
  'GET /__judge/score': (demo) =>
    json(200, {
      ...scoreOf(demo.judge, demo.trueClock.monotonicMs()),
      posts: demo.posts.summary(),
      faults: demo.faults.counts,
    }),
  'GET /__judge/posts': (demo) => json(200, demo.posts.list()),
  'GET /__judge/profile': (demo) => json(200, demo.profile),
  'GET /__judge/resources': (demo, query) =>
    json(200, query.get('as') === 'columns' ? resourceColumns(demo) : resourceRows(demo)),
  'GET /__judge/ages': (demo, query) =>
    json(200, agesOf(demo, numberIn(query, 'from', 1), numberIn(query, 'to', demo.shelf.count))),
  'GET /__judge/version': version,
  'GET /__judge/arrivals': arrivals,
  'POST /__judge/reset': reset,
  'POST /__judge/profile': reshape,
  'POST /__judge/throttle': throttle,
  'POST /__judge/fault': orderFault,
};

export function controlAnswer(demo: Demo, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://judge.invalid');
  const control = CONTROLS[`${request.method} ${url.pathname}`];
  readBody(request, (body) => {
    if (control === undefined)
      return send(
        response,
        notFound(`${request.method} ${url.pathname}; there are ${Object.keys(CONTROLS).join(', ')}`),
      );
    send(response, control(demo, url.searchParams, body ?? Buffer.alloc(0)));
  });
}

function reset(demo: Demo): Answer {
  demo.judge.reset();
  demo.posts.clear();
  demo.fetches.clearCounts();
  demo.faults.clear();
  demo.gate.rearm();
  return json(200, { reset: true });
}

function reshape(demo: Demo, _query: URLSearchParams, body: Buffer): Answer {
  const parsed = patchProfile(demo.profile, parseJson(body));
  if (parsed.kind === 'faulty') return malformed(parsed.faults);
  demo.profile = parsed.value;
  demo.gate.reshape(parsed.value);
  return json(200, parsed.value);
}

function throttle(demo: Demo, _query: URLSearchParams, body: Buffer): Answer {
  const parsed = parse(throttleSchema, parseJson(body));
  if (parsed.kind === 'faulty') return malformed(parsed.faults);
  demo.gate.throttle(parsed.value);
  return json(202, parsed.value);
}

function orderFault(demo: Demo, _query: URLSearchParams, body: Buffer): Answer {
  const parsed = parse(faultSchema, parseJson(body));
  if (parsed.kind === 'faulty') return malformed(parsed.faults);
  demo.faults.order(parsed.value);
  return json(202, parsed.value);
}

function version(demo: Demo, query: URLSearchParams): Answer {
  const path = query.get('path') ?? '';
  const id = Number(ITEM.exec(path)?.[1] ?? 0);
  if (!demo.shelf.knows(id)) return notFound(path);
  const at = numberIn(query, 'at', demo.clock.epochMs());
  return json(200, { path, at, version: demo.shelf.versionAt(id, at), changedAt: demo.shelf.changedAt(id, at) });
}

function arrivals(demo: Demo, query: URLSearchParams): Answer {
  const page = demo.judge.log.page(numberIn(query, 'since', 0), Math.min(MAX_PAGE, numberIn(query, 'limit', 1000)));
  const since = (atMs: number): number => Math.round((atMs - demo.judge.zeroMs) * 10) / 10;
  // On the monotonic clock that the spans of fixed windows lie on.
  const clock = { zeroMs: demo.judge.zeroMs, nowMs: demo.trueClock.monotonicMs() };
  return json(200, {
    ...page,
    clock,
    arrivals: page.arrivals.map((arrival) => ({ ...arrival, atMs: since(arrival.atMs) })),
  });
}

function numberIn(query: URLSearchParams, name: string, otherwise: number): number {
  const value = Number(query.get(name) ?? NaN);
  return Number.isFinite(value) ? value : otherwise;
}

function malformed(faults: string[]): Answer {
  return refusal(400, 'malformed', faults.join('; '));
}
