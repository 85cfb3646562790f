/** Where the launcher tells a person what it does: one line a step. */
export interface Progress {
  step(line: string): void;
  warn(line: string): void;
}

export function terminalProgress(nowMs: () => number = () => performance.now()): Progress {
  const startedAt = nowMs();
  const write = (sign: string, line: string): void => {
    const seconds = ((nowMs() - startedAt) / 1000).toFixed(1).padStart(5);
    process.stdout.write(`${seconds}s ${sign} ${line}\n`);
  };
  return { step: (line) => write(' ', line), warn: (line) => write('!', line) };
}

export const silent: Progress = { step: () => undefined, warn: () => undefined };
