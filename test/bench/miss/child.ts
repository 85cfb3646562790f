import { fork, type ChildProcess } from 'node:child_process';

/** A program of this bench in a process of its own: one message is told, one report comes back. */
export class Child<Message extends object, Report extends object> {
  private readonly process: ChildProcess;

  constructor(
    private readonly name: string,
    script: URL,
  ) {
    this.process = fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** @throws when it ends before its report. */
  ask(message: Message): Promise<Report> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null, signal: string | null): void =>
        reject(new Error(`${this.name} ended before its report (${signal ?? code})`));
      this.process.once('exit', ended);
      this.process.once('message', (report: Report) => {
        this.process.off('exit', ended);
        resolve(report);
      });
      this.process.send(message, () => undefined);
    });
  }

  stop(): void {
    this.process.kill('SIGKILL');
  }
}
