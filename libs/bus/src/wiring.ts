import { covers, overlap } from './pattern-match.js';

export class WiringError extends Error {
  override readonly name = 'WiringError';
  readonly code = 'wiring_incomplete';
}

/** The one handler of a filter. Subjects are relative to the namespace. @throws when there is none. */
export function handlerFor(filter: string, patterns: readonly string[]): string {
  const found = patterns.find((pattern) => covers(pattern, filter));
  if (found !== undefined) return found;
  const known = patterns.length === 0 ? 'there are none' : patterns.join(', ');
  throw new WiringError(`subject ${filter}: expected one handler, found none (handlers: ${known}); add a @WorkHandler`);
}

/** @throws when two handlers would take the same subject, or one is fed by nothing. */
export function checkHandlers(patterns: readonly string[], filters: readonly string[]): void {
  for (const [index, pattern] of patterns.entries()) {
    const rival = patterns.slice(index + 1).find((other) => overlap(pattern, other));
    if (rival !== undefined)
      throw new WiringError(`subject ${pattern}: expected one handler, found two (${rival} takes it, too)`);
    if (!filters.some((filter) => overlap(pattern, filter)))
      throw new WiringError(`handler ${pattern}: no consumer feeds it; declare one, or name it in onDemand`);
  }
}
