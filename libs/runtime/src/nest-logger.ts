import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

/** Nest's own messages, in our lines. Its chatter about routes is for debugging only. */
export function nestLoggerOn(logger: Logger): LoggerService {
  const text = (message: unknown): string => (message instanceof Error ? message.message : String(message));
  return {
    log: (message: unknown) => logger.debug({}, text(message)),
    debug: (message: unknown) => logger.debug({}, text(message)),
    verbose: (message: unknown) => logger.debug({}, text(message)),
    warn: (message: unknown) => logger.warn({}, text(message)),
    error: (message: unknown, stack?: unknown) => logger.error({ stack }, text(message)),
    fatal: (message: unknown) => logger.fatal({}, text(message)),
  };
}
