import { createWriteStream, existsSync, readFileSync, renameSync, statSync, type WriteStream } from 'node:fs';

const largestBytes = 32 * 1024 * 1024;

/** A log that is bounded: the running file and the one before it. */
export class LogFile {
  private stream: WriteStream;
  private writtenBytes: number;

  constructor(readonly path: string) {
    this.writtenBytes = existsSync(path) ? statSync(path).size : 0;
    this.stream = this.open();
  }

  write(line: string): void {
    if (this.writtenBytes > largestBytes) this.turn();
    this.stream.write(`${line}\n`);
    this.writtenBytes += Buffer.byteLength(line) + 1;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.stream.end(() => resolve()));
  }

  private turn(): void {
    this.stream.end();
    renameSync(this.path, `${this.path}.1`);
    this.writtenBytes = 0;
    this.stream = this.open();
  }

  private open(): WriteStream {
    // A full disk must not end the launcher: the services go on without their log.
    return createWriteStream(this.path, { flags: 'a' }).on('error', () => undefined);
  }
}

/** Servers write their files themselves, so theirs are turned at a start only. */
export function turnLargeLog(path: string): void {
  if (existsSync(path) && statSync(path).size > largestBytes) renameSync(path, `${path}.1`);
}

export function lastLines(path: string, count: number): string {
  if (!existsSync(path)) return '';
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count);
  return lines.map((line) => `    ${line}`).join('\n');
}
