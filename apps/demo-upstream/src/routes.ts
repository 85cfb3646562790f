import type { Api, ApiCall } from './api-call.js';
import { json, NO_BODY, notFound, refusal, type Answer } from './answer.js';
import { hashOfText } from './chance.js';
import { itemNotes, listItems, oneNote, readItem, writeItem } from './item-routes.js';

const MAX_BIG_BYTES = 256 * 1024 * 1024;
const ITEM_PATH = /^\/items\/(\d{1,9})(?:\/(notes)(?:\/(\d{1,9}))?)?$/;

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

export function answerTo(api: Api, call: ApiCall): Answer {
  const { method, path } = call;
  if (path === '/echo') return echo(call);
  const item = ITEM_PATH.exec(path);
  if (item !== null)
    return item[2] === undefined ? itemAnswer(api, call, Number(item[1])) : notesAnswer(api, call, item);
  if (!isRead(method))
    return method === 'OPTIONS'
      ? { status: 204, fields: ['Allow', 'GET, HEAD'], body: NO_BODY }
      : notAllowed('GET, HEAD');
  if (path === '/items') return listItems(api, call);
  if (path === '/big') return big(call.query.get('bytes'));
  if (path === '/search' || path.startsWith('/search/')) return search(api, call);
  return notFound(path);
}

function itemAnswer(api: Api, call: ApiCall, id: number): Answer {
  switch (call.method) {
    case 'GET':
    case 'HEAD':
      return readItem(api, call, id);
    case 'PUT':
    case 'PATCH':
    case 'DELETE':
      return writeItem(api, call, id);
    default:
      return notAllowed('GET, HEAD, PUT, PATCH, DELETE');
  }
}

function notesAnswer(api: Api, call: ApiCall, [, id, , noteId]: RegExpExecArray): Answer {
  if (noteId !== undefined && isRead(call.method)) return oneNote(api, call, Number(id), Number(noteId));
  if (noteId === undefined && (isRead(call.method) || call.method === 'POST')) return itemNotes(api, call, Number(id));
  return notAllowed(noteId === undefined ? 'GET, HEAD, POST' : 'GET, HEAD');
}

function notAllowed(allow: string): Answer {
  return refusal(405, 'method_not_allowed', `expected one of ${allow}`, ['Allow', allow]);
}

function echo({ method, url, rawHeaders, body }: ApiCall): Answer {
  const headers = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]]] : []));
  return json(200, { method, url, headers, body: body.toString(), bodyBytes: body.length });
}

/** Byte i is the i-th of an alphabet that repeats every 26: easy to check at the other end. */
function big(bytesText: string | null): Answer {
  const bytes = Number(bytesText ?? NaN);
  const isValid = Number.isInteger(bytes) && bytes >= 0 && bytes <= MAX_BIG_BYTES;
  if (!isValid)
    return refusal(400, 'malformed', `bytes: expected an integer from 0 to ${MAX_BIG_BYTES}, found ${bytesText}`);
  const body = Buffer.alloc(bytes, 'abcdefghijklmnopqrstuvwxyz');
  return { status: 200, fields: ['Content-Type', 'application/octet-stream', 'ETag', `"big-${bytes}"`], body };
}

/** Ten items, the same for the same question. */
function search(api: Api, { url }: ApiCall): Answer {
  const first = (hashOfText(url) >>> 0) % api.shelf.count;
  const nowAt = api.clock.epochMs();
  const hits = Array.from({ length: 10 }, (_, i) => api.shelf.read(1 + ((first + i * 37) % api.shelf.count), nowAt));
  return json(200, {
    question: url,
    hits: hits.flatMap((copy) => (copy === undefined ? [] : [{ id: copy.id, version: copy.version }])),
  });
}
