import type { AddressInfo } from 'node:net';
import { systemClock } from './clock.js';
import { readConfig, type Config } from './config.js';
import { openDemo } from './demo.js';
import { serve } from './server.js';

function say(message: string, details: object): void {
  const time = new Date(systemClock.epochMs()).toISOString();
  process.stdout.write(`${JSON.stringify({ level: 'info', time, app: 'demo-upstream', msg: message, ...details })}\n`);
}

function start({ host, port, profile, endsWithStdin }: Config): void {
  const server = serve(openDemo(profile, systemClock));
  server.on('error', (error) =>
    fail(`cannot listen on ${host}:${port}: ${error.message}; set PENSTOCK_DEMO_PORT to a free port`),
  );
  server.listen(port, host, () =>
    say('listening', { host, port: (server.address() as AddressInfo).port, seed: profile.seed }),
  );
  const stop = (reason: string): void => {
    say('stopping', { reason });
    // Calls may be held for ever on purpose, so nothing is waited for.
    process.exit(0);
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  if (endsWithStdin) endWithStdin(() => stop('the launcher is gone'));
}

function endWithStdin(stop: () => void): void {
  process.stdin.on('end', stop).on('close', stop).on('error', stop);
  process.stdin.resume();
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

try {
  start(readConfig(process.env));
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
