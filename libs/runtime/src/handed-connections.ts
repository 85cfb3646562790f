import type { Worker } from 'node:cluster';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

/** A connection comes with the first; the second says that its worker has it. */
export type ConnectionMessage =
  { readonly kind: 'connection'; readonly id: number } | { readonly kind: 'connection-taken'; readonly id: number };

/** In a worker: `take` gets each connection that the first process was asked for. */
export function onHandedConnection(take: (socket: Socket) => void): void {
  process.on('message', (message: ConnectionMessage, socket?: Socket) => {
    // Closed by the client on its way here.
    if (message.kind !== 'connection' || socket === undefined) return;
    // Before anything is read of it: what was read is lost with us, and must not be handed to another.
    process.send?.({ kind: 'connection-taken', id: message.id } satisfies ConnectionMessage);
    take(socket);
  });
}

interface Handed {
  readonly socket: Socket;
  readonly worker: Worker;
}

/**
 * Accepts for all workers, and hands each connection to the next of those that serve. What node:cluster does by itself, with one
 * difference: a connection whose worker died before it had it goes to another, instead of being held open by nobody.
 */
export class Distribution {
  private readonly handed = new Map<number, Handed>();
  private waiting: Socket[] = [];
  private nextId = 0;
  private readonly server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
    // It is told where the connection is read.
    socket.on('error', () => socket.destroy());
    this.hand(socket);
  });

  constructor(private readonly serving: () => readonly Worker[]) {}

  /** @throws when the port is taken. */
  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host }, resolve);
    });
  }

  /** A worker has it: our end of it is closed, the connection is not. */
  taken(id: number): void {
    this.handed.get(id)?.socket.destroy();
    this.handed.delete(id);
  }

  /** All that this worker has said was heard. */
  lost(worker: Worker): void {
    for (const [id, { socket, worker: holder }] of this.handed) {
      if (holder !== worker) continue;
      this.handed.delete(id);
      this.hand(socket);
    }
  }

  /** A worker serves: those who waited for one are handed over. */
  resume(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const socket of waiting) this.hand(socket);
  }

  close(): void {
    this.server.close();
    for (const socket of this.waiting) socket.destroy();
  }

  private hand(socket: Socket): void {
    if (socket.destroyed) return;
    const serving = this.serving();
    const id = (this.nextId += 1);
    const worker = serving[id % serving.length];
    if (worker === undefined) return void this.waiting.push(socket);
    this.handed.set(id, { socket, worker });
    const message: ConnectionMessage = { kind: 'connection', id };
    // A worker that cannot be told any more is about to be lost, and with it this is handed again.
    worker.process.send(message, socket, { keepOpen: true }, () => undefined);
  }
}
