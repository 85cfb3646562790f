// The upstream of all caches: what it says may be kept for a day.
import { createServer } from 'node:http';
import { bodyOf, CONTENT_TYPE } from './bodies.js';

createServer((request, response) => {
  const [, bytes = '0', n = '0'] = (request.url ?? '').split('/');
  const body = bodyOf(Number(bytes), Number(n));
  response.writeHead(200, {
    'Content-Type': CONTENT_TYPE,
    'Content-Length': body.byteLength,
    'Cache-Control': 'max-age=86400',
    ETag: `"${bytes}-${n}"`,
  });
  response.end(body);
}).listen(Number(process.argv[2]), '127.0.0.1');
