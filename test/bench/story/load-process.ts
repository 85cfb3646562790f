import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadReport, UsersResult } from './load-messages.js';

/** The load, from the runner's side. */
export class LoadProcess {
  private readonly child: ChildProcess;
  private readonly result: Promise<UsersResult>;
  progress = { reads: 0, open: 0 };

  constructor(order: LoadOrder) {
    this.child = fork(fileURLToPath(new URL('./load-main.js', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.result = new Promise((resolve, reject) => {
      this.child.on('message', (report: LoadReport) => {
        if (report.kind === 'result') resolve(report.result);
        else this.progress = report;
      });
      this.child.once('exit', (code, signal) =>
        reject(new Error(`the load ended before its report (${signal ?? code})`)),
      );
      this.child.once('error', reject);
    });
    this.result.catch(() => undefined); // told to whoever asks for it
    this.tell(order);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  tell(order: LoadOrder): void {
    this.child.send(order, () => undefined);
  }

  finish(): Promise<UsersResult> {
    this.tell({ kind: 'finish' });
    return this.result;
  }

  end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.child.once('exit', () => resolve());
      this.child.kill('SIGKILL');
    });
  }
}
