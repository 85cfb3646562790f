// The least that a node:http server can do: a Map of ready buffers.
import { createServer } from 'node:http';
import { CONTENT_TYPE, readyBodies } from './bodies.js';

const bodies = readyBodies();
const heads = new Map([...bodies].map(([path, { byteLength }]) => [path, headOf(byteLength)]));

createServer((request, response) => {
  const path = request.url ?? '';
  const body = bodies.get(path);
  if (body === undefined) return void response.writeHead(404).end();
  response.writeHead(200, heads.get(path));
  response.end(body);
}).listen(Number(process.argv[2]), '127.0.0.1');

function headOf(bytes: number): string[] {
  return ['Content-Type', CONTENT_TYPE, 'Content-Length', String(bytes)];
}
