import { bucketId, WHOLE_UPSTREAM } from '#core';
import type { Field, Fields } from '#core';
import type { UpstreamState } from '#contracts';
import type { ClientAnswer } from './client-call.js';

const LOOK_AGAIN_MS = 1_000;

export interface Pending {
  readonly location: string;
  /** Epoch ms of the next permitted call, where a pause holds it back. */
  readonly resumeAtMs: number | undefined;
  readonly nowMs: number;
}

/** RFC 9110 15.3.3: what a 202 brings "ought to describe the request's current status and point to (or embed) a status monitor". */
export function pendingAnswer({ location, resumeAtMs, nowMs }: Pending, more: Fields = []): ClientAnswer {
  const waitMs = resumeAtMs === undefined ? LOOK_AGAIN_MS : resumeAtMs - nowMs;
  const told = {
    state: 'pending',
    location,
    ...(resumeAtMs === undefined ? {} : { resumeAt: new Date(resumeAtMs).toISOString() }),
  };
  const body = new TextEncoder().encode(JSON.stringify(told));
  const fields: Field[] = [
    ['Content-Type', 'application/json'],
    ['Content-Length', String(body.byteLength)],
    ['Cache-Control', 'no-store'],
    ['Location', location],
    // RFC 9110 10.2.3: whole seconds, never less than what is meant.
    ['Retry-After', String(Math.max(1, Math.ceil(waitMs / 1000)))],
    ...more,
  ];
  return { status: 202, fields, body, outcome: 'deferred' };
}

/** When the pause ends that holds back calls of this bucket, by what the holder last told. */
export function resumeAtOf(
  state: Pick<UpstreamState, 'scopes'> | undefined,
  bucket: string,
  nowMs: number,
): number | undefined {
  const paying = new Set([WHOLE_UPSTREAM, bucketId(bucket)]);
  const untilMs = (state?.scopes ?? [])
    .filter(({ scope }) => paying.has(scope))
    .reduce((latest, { pausedUntil }) => Math.max(latest, pausedUntil ?? 0), 0);
  return untilMs <= nowMs ? undefined : untilMs;
}
