/** One thing that is wrong with a configuration. `path` is empty when the fault is the file's as a whole. */
export interface ConfigFault {
  readonly path: string;
  readonly expected: string;
  /** Never a secret: what stands under `credentials` is told by its type only, and URLs without user and query. */
  readonly found: string;
  readonly line?: number;
  /** The known key, value or variable that comes nearest to what was found. */
  readonly nearest?: string;
}

/** Every fault in one message, in the order of the file, and what to do about them. */
export function describeFaults(faults: readonly ConfigFault[], fileName: string): string {
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
  const ordered = faults.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0));
  return [
    `${fileName}: ${count} in the configuration, nothing of it was applied`,
    ...ordered.map(describeFault),
    `Correct ${fileName} and start or reload again.`,
  ].join('\n');
}

function describeFault(fault: ConfigFault): string {
  const where = [fault.line === undefined ? '' : `line ${fault.line}`, fault.path].filter((part) => part !== '');
  const nearest = fault.nearest === undefined ? '' : ` (did you mean ${fault.nearest}?)`;
  return [
    `  ${where.length === 0 ? 'the file' : where.join(': ')}`,
    `    expected ${fault.expected}`,
    `    found    ${fault.found}${nearest}`,
  ].join('\n');
}
