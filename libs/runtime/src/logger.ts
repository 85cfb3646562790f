import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

const SECRET_FIELDS = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'token', 'password', 'secret'];
const SECRET_NAMES = [...SECRET_FIELDS, 'Authorization', 'Proxy-Authorization', 'Cookie', 'Set-Cookie']
  .concat(['adminToken', 'accessToken', 'apiKey'])
  .map((name) => `["${name}"]`);

/** JSON lines on standard output, one event a line. Fields that may hold a secret are never written. */
export function createLogger(app: string, level: string, to: DestinationStream = pino.destination(1)): PinoLogger {
  const options = {
    level,
    base: { app, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorOf },
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*${name}`, `*.*${name}`]), censor: '[hidden]' },
  };
  return pino(options, to);
}

/** What an error is, and nothing that hangs on it: HTTP clients hang the request on theirs, with its credentials. */
function errorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: name,
    message,
    stack,
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause: errorOf(cause) }),
  };
}
