import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { controlAnswer } from './control.js';
import type { Demo } from './demo.js';
import { Exchanges } from './exchanges.js';

const CONTROL_PREFIX = '/__judge/';
const KEEP_ALIVE_MS = 65_000;

export function serve(demo: Demo): Server {
  const exchanges = new Exchanges(demo);
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.startsWith(CONTROL_PREFIX) === true) controlAnswer(demo, request, response);
      else exchanges.begin(request, response);
    },
  );
  // The time that a client may take for its request is the client's affair here.
  server.requestTimeout = 0;
  return server;
}
