import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Hit } from './hit-path.js';
import { renamed } from './unregistered-method.js';

type Listener = (chunk: Buffer) => void;

/**
 * Looks at what comes in on each connection before node:http's parser gets it, and answers what is plainly a hit. Everything else goes on
 * to the parser as it came. node:http stays the owner of the connection, of its time-outs and of its end.
 */
export class EarlyHits {
  private readonly connections = new WeakMap<object, Connection>();

  constructor(
    server: Server,
    private readonly answer: (request: Buffer) => Hit | undefined,
  ) {
    server.on('connection', (socket) => this.watch(socket));
    // Before those who answer: from here on the parser is another connection's.
    server.prependListener('connect', (_request, socket) => this.connections.get(socket)?.leave());
    // A request with an Expect is told as one of the others, and has a body to come.
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const)
      server.prependListener(event, (request: IncomingMessage, response: ServerResponse) =>
        this.connections.get(request.socket)?.asked(request, response),
      );
  }

  private watch(socket: Socket): void {
    const [parse, ...others] = socket.listeners('data');
    // Not the node:http that we know: it does without us.
    if (parse === undefined || others.length > 0) return;
    this.connections.set(socket, new Connection(socket, parse as Listener, this.answer));
  }
}

/**
 * - unproven: nothing was asked yet. The first request goes to the parser, since node:http ends connections that never use it.
 * - between: all requests are answered, and the last bytes that the parser got were the end of one. Only here a request is looked at, and
 *   only while the client has taken what it was given before.
 * - asking: the parser is within a request, or one is not answered yet.
 * - left: for node:http alone. Entered when a request was answered before it had come whole, or when the connection becomes a tunnel;
 *   never left again.
 */
class Connection {
  private unanswered = 0;
  private isAtBorder = false;
  private hasLeft = false;
  private isUnproven = true;
  /** Of a request that the parser gets under another name. */
  private method: string | undefined;
  private readonly onData: Listener;

  constructor(
    private readonly socket: Socket,
    private readonly parse: Listener,
    private readonly answer: (request: Buffer) => Hit | undefined,
  ) {
    this.onData = (chunk) => this.take(chunk);
    socket.removeListener('data', parse);
    // This also has node:http read through the socket instead of taking its bytes from under it.
    socket.on('data', this.onData);
  }

  asked(request: IncomingMessage, response: ServerResponse): void {
    this.unanswered += 1;
    if (this.method !== undefined) request.method = this.method;
    this.method = undefined;
    response.once('close', () => {
      this.unanswered -= 1;
      if (!request.complete) this.hasLeft = true;
    });
  }

  leave(): void {
    this.socket.removeListener('data', this.onData);
  }

  private take(chunk: Buffer): void {
    if (this.unanswered > 0 || this.hasLeft || !(this.isAtBorder || this.isUnproven)) return this.toParser(chunk);
    const hit = this.isAtBorder && hasTaken(this.socket) ? this.answer(chunk) : undefined;
    if (hit !== undefined) return send(this.socket, hit);
    const other = renamed(chunk);
    this.method = other?.method;
    this.toParser(other?.bytes ?? chunk);
  }

  /**
   * The parser is at the start of a message when the bytes ended with an empty line, a request was made of them, and (looked at later)
   * that request is complete: within a body it is not, within a header section there is none.
   */
  private toParser(chunk: Buffer): void {
    const before = this.unanswered;
    this.isUnproven = false;
    this.isAtBorder = endsWithEmptyLine(chunk);
    this.parse.call(this.socket, chunk);
    if (this.unanswered === before) this.isAtBorder = false;
  }
}

/** What was sent before is with the system, and nobody is ending the connection. */
function hasTaken({ writable, writableLength }: Socket): boolean {
  return writable && writableLength === 0;
}

const CR = 0x0d;
const LF = 0x0a;

function endsWithEmptyLine(chunk: Buffer): boolean {
  const n = chunk.length;
  return n >= 4 && chunk[n - 1] === LF && chunk[n - 2] === CR && chunk[n - 3] === LF && chunk[n - 4] === CR;
}

/** Up to this size it is cheaper to copy the body behind its head than to have the system gather both. */
const LONGEST_COPIED_BYTES = 24 * 1024;

/** Used again and again: one for each answer would be garbage outside of the heap, and collecting that means to look through all entries. */
let scratch = Buffer.allocUnsafeSlow(LONGEST_COPIED_BYTES);

function send(socket: Socket, { head, body }: Hit): void {
  const bytes = head.length + body.byteLength;
  if (bytes > LONGEST_COPIED_BYTES) {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
    return;
  }
  scratch.write(head, 0, 'latin1');
  scratch.set(body, head.length);
  socket.write(scratch.subarray(0, bytes));
  // Not all of it is with the system yet: these bytes belong to the socket until then.
  if (socket.writableLength > 0) scratch = Buffer.allocUnsafeSlow(LONGEST_COPIED_BYTES);
}
