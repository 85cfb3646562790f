/** What was typed does not fit: `message` says what was expected and what was found. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
