import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChainMessage, ChainOrder, ChainReport } from './bullmq-chain.js';

/** The chain, from the runner's side: one process a round. */
export class ChainProcess {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(fileURLToPath(new URL('./bullmq-chain.js', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  async prepare(order: ChainOrder): Promise<void> {
    this.tell({ kind: 'prepare', order });
    await this.report('ready');
  }

  /** Resolves when the last job was committed, with how many failed. */
  async run(): Promise<number> {
    const done = this.report('done');
    this.tell({ kind: 'go' });
    const report = await done;
    return report.kind === 'done' ? report.failed : 0;
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  private tell(message: ChainMessage): void {
    this.child.send(message, () => undefined);
  }

  private report(kind: ChainReport['kind']): Promise<ChainReport> {
    return new Promise((resolve, reject) => {
      this.child.once('exit', (code, signal) => reject(new Error(`the chain ended early (${signal ?? code})`)));
      this.child.on('message', (report: ChainReport) => report.kind === kind && resolve(report));
    });
  }
}
