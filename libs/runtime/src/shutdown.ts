import type { Logger } from './logger.js';

const LONGEST_SHUTDOWN_MS = 8_000;

/** Calls `close` once on SIGTERM, SIGINT, or (where asked) the end of standard input, which tells that whoever started us is gone. */
export function onShutdown(close: () => Promise<void>, options: { followsParent: boolean; logger: Logger }): void {
  let isClosing = false;
  const shutDown = (why: string): void => {
    if (isClosing) return;
    isClosing = true;
    options.logger.info({ why }, 'stopping');
    setTimeout(() => {
      options.logger.error({}, 'not everything could be closed in time; ending anyway');
      process.exit(1);
    }, LONGEST_SHUTDOWN_MS).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        options.logger.error({ err: error }, 'closing failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => shutDown('SIGTERM'));
  process.once('SIGINT', () => shutDown('SIGINT'));
  if (!options.followsParent) return;
  process.stdin.resume();
  process.stdin.once('end', () => shutDown('the starting process is gone'));
  process.stdin.once('error', () => shutDown('the starting process is gone'));
}
