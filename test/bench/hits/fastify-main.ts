// What a Fastify application does that has every answer at hand.
import fastify from 'fastify';
import { CONTENT_TYPE, readyBodies } from './bodies.js';

const bodies = readyBodies();
const app = fastify();

app.get<{ Params: { bytes: string; n: string } }>('/:bytes/:n', (request, reply) => {
  const body = bodies.get(request.url);
  return body === undefined ? reply.code(404).send() : reply.type(CONTENT_TYPE).send(body);
});
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
