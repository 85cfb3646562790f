/** Everything that can keep the stack from starting. `message` says what was found, `advice` what to do next. */
export type StackErrorCode =
  'configuration' | 'port-taken' | 'already-running' | 'disk' | 'platform' | 'nats-server' | 'postgres' | 'service';

export class StackError extends Error {
  override readonly name = 'StackError';

  constructor(
    readonly code: StackErrorCode,
    message: string,
    readonly advice: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export function explain(error: unknown): string {
  if (error instanceof StackError) return `${error.message}\n  what to do: ${error.advice}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The `code` of a system error (ENOENT, EACCES, ...), else ''. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** A full or read-only disk looks alike from everywhere: told once, here. */
export function diskError(error: unknown, path: string): StackError {
  const found = systemCode(error) || String(error);
  const advice =
    found === 'ENOSPC'
      ? `free some disk space, or set PENSTOCK_DATA_DIR to a folder on another disk`
      : `make it writable for this user, or set PENSTOCK_DATA_DIR to a folder that is`;
  return new StackError('disk', `expected to write to ${path}, found ${found}`, advice, error);
}
