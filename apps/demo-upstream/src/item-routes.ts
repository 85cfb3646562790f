import type { IncomingHttpHeaders } from 'node:http';
import { isObject, json, JSON_TYPE, NO_BODY, notFound, parseJson, payloadOf, refusal, type Answer } from './answer.js';
import type { Api, ApiCall } from './api-call.js';
import type { Copy } from './shelf.js';

const MAX_LISTED = 1000;

export function readItem(api: Api, call: ApiCall, id: number): Answer {
  const nowAt = api.clock.epochMs();
  const copy = api.shelf.read(id, nowAt);
  if (copy === undefined) return notFound(call.path);
  if (call.method === 'GET') api.fetches.add(id, nowAt);
  // RFC 9110, 13.2.2: If-Modified-Since is looked at only when there is no If-None-Match.
  if (isUnchanged(call.headers, copy)) return { status: 304, fields: copy.fields, body: NO_BODY };
  return { status: 200, fields: copy.bodyFields, body: copy.body };
}

function isUnchanged(headers: IncomingHttpHeaders, copy: Copy): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) return tags.trim() === '*' || tags.includes(copy.etag);
  const since = headers['if-modified-since'];
  return since !== undefined && Math.floor(copy.changedAt / 1000) * 1000 <= Date.parse(since);
}

export function writeItem(api: Api, call: ApiCall, id: number): Answer {
  if (!api.shelf.knows(id)) return notFound(call.path);
  const nowAt = api.clock.epochMs();
  const isThere = api.shelf.read(id, nowAt) !== undefined;
  if (call.method === 'DELETE') return removeItem(api, call, id);
  const document = parseJson(call.body);
  if (!isObject(document)) return refusal(400, 'malformed', 'expected a JSON object as the body');
  if (call.method === 'PUT') api.shelf.replace(id, document, nowAt);
  else if (isThere) api.shelf.amend(id, document, nowAt);
  else return notFound(call.path);
  return written(api, id, isThere ? 200 : 201);
}

function written(api: Api, id: number, status: number): Answer {
  const copy = api.shelf.read(id, api.clock.epochMs());
  return { status, fields: copy?.bodyFields ?? JSON_TYPE, body: copy?.body ?? NO_BODY };
}

function removeItem(api: Api, call: ApiCall, id: number): Answer {
  const nowAt = api.clock.epochMs();
  if (api.shelf.read(id, nowAt) === undefined) return notFound(call.path);
  api.shelf.remove(id, nowAt);
  return { status: 204, fields: [], body: NO_BODY };
}

/** `?ids=` answers whole items, `?updated_since=` (epoch ms or a date) ids and versions, page by page. */
export function listItems(api: Api, call: ApiCall): Answer {
  const ids = call.query.get('ids');
  if (ids !== null) return itemsById(api, call, ids.split(',').map(Number));
  const since = call.query.get('updated_since') ?? '0';
  const sinceAt = /^\d+$/.test(since) ? Number(since) : Date.parse(since);
  if (Number.isNaN(sinceAt))
    return refusal(400, 'malformed', `updated_since: expected epoch ms or a date, found ${since}`);
  return itemsSince(api, sinceAt, Number(call.query.get('after') ?? 0));
}

function itemsById(api: Api, call: ApiCall, ids: number[]): Answer {
  const nowAt = api.clock.epochMs();
  const copies = ids.slice(0, MAX_LISTED).flatMap((id) => api.shelf.read(id, nowAt) ?? []);
  if (call.method === 'GET') for (const { id } of copies) api.fetches.add(id, nowAt);
  const bodies = copies.map(({ body }) => body.toString());
  return { status: 200, fields: JSON_TYPE, body: payloadOf(`{"items":[${bodies.join(',')}]}`) };
}

function itemsSince(api: Api, sinceAt: number, after: number): Answer {
  const nowAt = api.clock.epochMs();
  const items: object[] = [];
  for (let id = after + 1; id <= api.shelf.count; id++) {
    const copy = api.shelf.read(id, nowAt);
    if (copy === undefined || copy.changedAt < sinceAt) continue;
    if (items.length === MAX_LISTED)
      return json(200, { items, next: `/items?updated_since=${sinceAt}&after=${id - 1}` });
    items.push({ id, version: copy.version, updatedAt: new Date(copy.changedAt).toISOString() });
  }
  return json(200, { items });
}

export function itemNotes(api: Api, call: ApiCall, id: number): Answer {
  const nowAt = api.clock.epochMs();
  if (api.shelf.read(id, nowAt) === undefined) return notFound(call.path);
  if (call.method !== 'POST') return json(200, { notes: api.notes.of(id) });
  const note = api.notes.add(id, parseJson(call.body) ?? null, nowAt);
  return json(201, note, ['Location', `/items/${id}/notes/${note.id}`]);
}

export function oneNote(api: Api, call: ApiCall, id: number, noteId: number): Answer {
  const note = api.notes.of(id).find((candidate) => candidate.id === noteId);
  return note === undefined ? notFound(call.path) : json(200, note);
}
