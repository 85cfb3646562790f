import type { ServerResponse } from 'node:http';
import type { Answer, Payload } from './answer.js';
import type { Fault } from './faults.js';

/** A flat name, value list. */
type Fields = readonly string[];

/** Writes an answer, with the fields that are only known now, or goes wrong in the way that was drawn. */
export function deliver(response: ServerResponse, answer: Answer, fault: Fault | undefined, late: Fields): void {
  switch (fault) {
    case 'silent':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'truncate':
      truncate(response, answer, late);
      return;
    default:
      send(response, answer, late);
  }
}

export function send(response: ServerResponse, answer: Answer, late: Fields = [], flushed?: () => void): void {
  if (response.destroyed) return;
  writeHead(response, answer, late);
  response.end(answer.body, 'latin1', flushed);
}

/** Promises the whole body, sends half of it and closes; an answer without a body is cut before its head. */
function truncate(response: ServerResponse, answer: Answer, late: Fields): void {
  if (answer.body.length === 0) {
    response.socket?.destroy();
    return;
  }
  writeHead(response, answer, late);
  response.write(firstHalf(answer.body), () => response.socket?.destroy());
}

function firstHalf(body: Payload): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return bytes.subarray(0, Math.ceil(bytes.length / 2));
}

function writeHead(response: ServerResponse, { status, fields, body }: Answer, late: Fields): void {
  const isWithoutLength = status === 204 || status === 304;
  response.writeHead(
    status,
    isWithoutLength ? fields.concat(late) : fields.concat(late, 'Content-Length', String(body.length)),
  );
}
