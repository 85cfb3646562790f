import { pino } from 'pino';
import type { Logger as PinoLogger } from 'pino';

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

/** JSON lines on standard output, one event a line. Fields that may hold a secret are never written. */
export function createLogger(app: string, level: string): PinoLogger {
  return pino({
    level,
    base: { app, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ['*.authorization', '*.Authorization', '*.cookie', 'token', '*.token', '*.password'],
      censor: '[hidden]',
    },
  });
}
