import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.js';
import type { Fault } from './faults.js';

/** Writes an answer, or goes wrong in the way that was drawn. */
export function deliver(response: ServerResponse, answer: Answer, fault: Fault | undefined): void {
  switch (fault) {
    case 'silent':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'truncate':
      truncate(response, answer);
      return;
    default:
      send(response, answer);
  }
}

export function send(response: ServerResponse, answer: Answer, flushed?: () => void): void {
  if (response.destroyed) return;
  writeHead(response, answer);
  response.end(answer.body, flushed);
}

/** Promises the whole body, sends half of it and closes; an answer without a body is cut before its head. */
function truncate(response: ServerResponse, answer: Answer): void {
  if (answer.body.length === 0) {
    response.socket?.destroy();
    return;
  }
  writeHead(response, answer);
  response.write(answer.body.subarray(0, Math.ceil(answer.body.length / 2)), () => response.socket?.destroy());
}

function writeHead(response: ServerResponse, { status, fields, body }: Answer): void {
  const isWithoutLength = status === 204 || status === 304;
  response.writeHead(status, isWithoutLength ? fields : [...fields, 'Content-Length', String(body.length)]);
}
