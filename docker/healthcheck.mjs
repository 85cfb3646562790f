// node docker/healthcheck.mjs <port> [path]: ends with 0 when the path answers 2xx on loopback, or, without a path, when the
// port takes a connection (the demo upstream counts every request that it is sent).
import { connect } from 'node:net';

const [port, path] = process.argv.slice(2);
const token = process.env.PENSTOCK_ADMIN_TOKEN;

async function check() {
  if (path === undefined) return connects(Number(port));
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: AbortSignal.timeout(2500) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`);
}

function connects(to) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: to, host: '127.0.0.1', timeout: 2500 });
    socket.once('connect', () => resolve(socket.destroy()));
    socket.once('timeout', () => reject(new Error(`port ${to} did not answer in 2.5 s`)));
    socket.once('error', reject);
  });
}

check().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`not healthy: ${error.message}\n`);
    process.exit(1);
  },
);
