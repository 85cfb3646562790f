import { freshnessOf, withVaryOnCoding } from '#core';
import type { DeferredOutcome } from '#contracts';
import { forwardProblem } from './answer-problem.js';
import { passed, respond } from './client-answers.js';
import type { ClientAnswer, ClientCall } from './client-call.js';
import { codingVerdict } from './content-codings.js';
import type { ContentCodings } from './content-codings.js';
import type { HeldEntry } from './entry-map.js';

type Answered = Extract<DeferredOutcome, { kind: 'answered' }>;
type Failed = Extract<DeferredOutcome, { kind: 'failed' }>;

/** How it is told that the answer is one that was deferred. */
const DETAIL = 'deferred';

/** What a client that waited would have got, at its age now; whoever asks for it may have conditions, ranges and codings of its own. */
export function deferredAnswer(
  call: ClientCall,
  { outcome, body }: { readonly outcome: DeferredOutcome; readonly body: Uint8Array },
  { codings, nowMs }: { readonly codings: ContentCodings; readonly nowMs: number },
): Promise<ClientAnswer> | ClientAnswer {
  if (outcome.kind === 'failed') return problemOf(call, outcome, nowMs);
  if (outcome.entry === null) return passedOn(call, outcome, body, codings);
  return fromEntry(call, outcome, { entry: outcome.entry, body }, { codings, nowMs });
}

function problemOf(call: ClientCall, { code, detail, receivedStatus, resumeAt }: Failed, nowMs: number): ClientAnswer {
  const known = { receivedStatus: receivedStatus ?? undefined, resumeAtMs: resumeAt ?? undefined };
  return forwardProblem(call, { kind: 'failed', code, detail, unknown: false, ...known }, nowMs);
}

async function fromEntry(
  call: ClientCall,
  { from, upstreamStatus, collapsed }: Answered,
  held: HeldEntry,
  { codings, nowMs }: { readonly codings: ContentCodings; readonly nowMs: number },
): Promise<ClientAnswer> {
  const { ageMs, ttlMs } = freshnessOf(held.entry, nowMs);
  const fits = codingVerdict(call.fields, held.entry.fields) === 'fits';
  const fitting = fits ? held : ((await codings.entryInIdentity(held)) ?? held);
  if (from === 'store')
    return respond(call, fitting, { status: { kind: 'hit', ttlMs, detail: DETAIL }, ageMs, outcome: 'hit' });
  const status = { kind: 'forwarded', reason: 'miss', status: upstreamStatus ?? undefined, detail: DETAIL } as const;
  return respond(call, fitting, { status: { ...status, stored: true, collapsed }, ageMs, outcome: 'miss' });
}

async function passedOn(
  call: ClientCall,
  { status, fields, collapsed }: Answered,
  body: Uint8Array,
  codings: ContentCodings,
): Promise<ClientAnswer> {
  const came = { status, fields: withVaryOnCoding(fields), body };
  const fits = codingVerdict(call.fields, fields) === 'fits';
  const plain = fits ? undefined : await codings.answerInIdentity(came);
  const told = { kind: 'forwarded', reason: 'miss', status, collapsed, detail: DETAIL } as const;
  return passed(call, { ...came, ...plain }, { status: told, outcome: 'miss' });
}
