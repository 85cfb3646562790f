import { randomBytes } from 'node:crypto';
import type { Ask, Exchange, Expected, Match, RfcCase } from './case.js';
import { send, type Received } from './plain-client.js';
import { hasNoBody, linesOf, type Script, type ScriptedUpstream, type SeenCall } from './scripted-upstream.js';

/** What the cases are put to: a cache in front of the scripted upstream. */
export interface Tested {
  readonly upstream: ScriptedUpstream;
  /** Origin and path beneath which the upstream is reached; `alone`: one that no other case uses. */
  urlFor(alone: boolean): string;
}

interface Given {
  readonly status: number;
  readonly body: string;
}

interface Running {
  readonly baseUrl: string;
  readonly id: string;
  readonly script: Script;
  /** What the upstream gave in each exchange, where it was the one that answered. */
  readonly given: (Given | undefined)[];
}

const UNTIL_MS = 5_000;
const ASK_AGAIN_MS = 50;

/** What came out otherwise than expected, a sentence each; none when the case holds. The first exchange that fails ends it. */
export async function runCase(rfcCase: RfcCase, tested: Tested): Promise<string[]> {
  const id = `c${randomBytes(6).toString('hex')}`;
  const script = tested.upstream.begin(id);
  const running: Running = { baseUrl: tested.urlFor(rfcCase.alone === true), id, script, given: [] };
  try {
    for (const [at, exchange] of rfcCase.exchanges.entries()) {
      const faults = await runExchange(running, exchange, at);
      if (faults.length > 0) return faults.map((fault) => `exchange ${at}: ${fault}`);
    }
    return [];
  } finally {
    tested.upstream.end(id);
  }
}

async function runExchange(running: Running, exchange: Exchange, at: number): Promise<string[]> {
  const untilMs = Date.now() + UNTIL_MS;
  for (;;) {
    const faults = await tryExchange(running, exchange, at);
    if (faults.length === 0 || exchange.until !== true || Date.now() > untilMs) return faults;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

async function tryExchange(running: Running, exchange: Exchange, at: number): Promise<string[]> {
  const { script, given } = running;
  const { ask = {}, answer = {}, then = [], expect } = exchange;
  const last = then.at(-1) ?? answer;
  const body = `${running.id} exchange ${at}`;
  script.answers = [answer, ...then];
  script.body = body;
  const callsBefore = script.calls.length;
  const received = await asked(running, ask);
  const calls = script.calls.slice(callsBefore);
  const status = last.status ?? 200;
  given[at] = { status, body: hasNoBody(status) ? '' : (last.body ?? body) };
  const source = sourceOf(given, expect, at);
  if (expect.from !== 'upstream') given[at] = undefined;
  const faults = [
    ...callFaults(expect, calls),
    ...answerFaults({ ask, expect, source, received }),
    ...seenFaults(expect, calls),
    ...pathFaults(expect, script.path, calls),
  ];
  return faults.length === 0
    ? []
    : [...faults, `Cache-Status was ${valueOf(received.fields, 'cache-status') ?? 'absent'}`];
}

function asked({ baseUrl, id }: Running, ask: Ask): Promise<Received> {
  const { origin, pathname } = new URL(baseUrl);
  const path = `${pathname === '/' ? '' : pathname}/${id}${ask.path ?? ''}`;
  const fields = linesOf({ Date: [], ...ask.fields }, { nowMs: Date.now(), path: `/${id}` });
  return send(origin, { method: ask.method ?? 'GET', path, fields, body: ask.body });
}

/** The answer that the client is to get; undefined where the proxy makes one itself. */
function sourceOf(given: readonly (Given | undefined)[], { from, of }: Expected, at: number): Given | undefined {
  if (from === 'proxy' || from === 'failure') return undefined;
  if (from === 'upstream') return given[at];
  return of === undefined ? given.slice(0, at).findLast((one) => one !== undefined) : given[of];
}

function callFaults({ from, background, calls: told }: Expected, calls: readonly SeenCall[]): string[] {
  if (background === true) return [];
  const wanted = told ?? (from === 'cache' || from === 'proxy' ? 0 : 1);
  // RFC 9110 9.2.2 allows a safe request to be sent again.
  if (calls.length === wanted || (isFailing(from) && calls.length > wanted)) return [];
  return [`expected ${wanted} calls at the upstream (answered from ${from}), found ${calls.length}`];
}

function isFailing(from: Expected['from']): boolean {
  return from === 'kept' || from === 'failure';
}

interface Compared {
  readonly ask: Ask;
  readonly expect: Expected;
  readonly source: Given | undefined;
  readonly received: Received;
}

function answerFaults({ ask, expect, source, received }: Compared): string[] {
  const status = expect.status ?? source?.status;
  const isBare = ask.method === 'HEAD' || hasNoBody(received.status);
  const body = expect.body ?? (isBare ? '' : source?.body);
  return [
    ...(status === undefined || status === received.status
      ? []
      : [`expected status ${status}, found ${received.status}`]),
    ...(body === undefined || body === received.body ? [] : [`expected body "${body}", found "${received.body}"`]),
    ...fieldFaults('the answer', expect.fields ?? {}, received.fields),
  ];
}

function seenFaults({ seen, seenMethod }: Expected, calls: readonly SeenCall[]): string[] {
  const call = calls.at(-1);
  if (call === undefined)
    return seen === undefined && seenMethod === undefined ? [] : ['expected the upstream to be asked, found no call'];
  return [
    ...(seenMethod === undefined || call.method === seenMethod
      ? []
      : [`expected method ${seenMethod} at the upstream, found ${call.method}`]),
    ...fieldFaults('the request at the upstream', seen ?? {}, call.fields),
  ];
}

function pathFaults({ seenPath }: Expected, own: string, calls: readonly SeenCall[]): string[] {
  const path = calls.at(-1)?.path;
  if (seenPath === undefined || path === `${own}${seenPath}`) return [];
  return [`expected path ${own}${seenPath} at the upstream, found ${path ?? 'no call'}`];
}

function fieldFaults(
  where: string,
  wanted: Readonly<Record<string, Match>>,
  fields: readonly (readonly [string, string])[],
): string[] {
  return Object.entries(wanted).flatMap(([name, match]) => {
    const value = valueOf(fields, name);
    return isMatch(match, value) ? [] : [`expected ${name} of ${where}: ${shown(match)}, found ${value ?? 'none'}`];
  });
}

function valueOf(fields: readonly (readonly [string, string])[], name: string): string | undefined {
  const lines = fields.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return lines.length === 0 ? undefined : lines.join(', ');
}

function isMatch(match: Match, value: string | undefined): boolean {
  if (match === null) return value === undefined;
  if (typeof match === 'function') return match(value);
  if (typeof match === 'string') return match === value;
  return value !== undefined && match.test(value);
}

function shown(match: Match): string {
  if (match === null) return 'none';
  return typeof match === 'function' ? match.name : String(match);
}
