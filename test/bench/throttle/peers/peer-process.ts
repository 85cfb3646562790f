import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PeerMessage } from './peer-main.js';
import type { PeerName, PeerOrder } from './peer.js';

/** A peer, from the runner's side. */
export class PeerProcess {
  private readonly child: ChildProcess;
  private ended = false;
  /** Its programs are loaded. */
  readonly ready: Promise<void>;

  constructor(readonly name: PeerName) {
    this.child = fork(fileURLToPath(new URL('./peer-main.js', import.meta.url)), [name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.ready = new Promise((resolve, reject) => {
      this.child.once('message', () => resolve());
      this.child.once('exit', (code, signal) => {
        this.ended = true;
        reject(new Error(`${name}: expected it to run, found that it has ended (${signal ?? code})`));
      });
    });
    this.ready.catch(() => undefined); // whoever waits for it is told
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  begin(order: PeerOrder): void {
    if (this.ended) throw new Error(`${this.name}: expected it to run, found that it has ended`);
    this.tell({ kind: 'begin', order });
  }

  end(cell: string): void {
    if (!this.ended) this.tell({ kind: 'end', cell });
  }

  stop(): void {
    if (!this.ended) this.child.kill('SIGKILL');
  }

  private tell(message: PeerMessage): void {
    this.child.send(message, () => undefined);
  }
}
