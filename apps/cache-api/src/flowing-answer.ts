import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FlowingBody } from '#bus';

/**
 * Sends a body as it comes, at the client's pace, and ends the connection where it breaks off: RFC 9112 8, "A client that receives an
 * incomplete response message [...] MUST record the message as incomplete", which it can only where the end is no clean one.
 */
export async function sendFlowing(response: ServerResponse, flow: FlowingBody, stallMs: number): Promise<void> {
  response.once('close', () => {
    if (!response.writableFinished) flow.drop();
  });
  try {
    for await (const piece of flow.read()) if (!response.write(piece)) await drained(response, stallMs);
    response.end();
  } catch {
    breakOff(response);
  }
}

/** @throws when the client has gone, or takes nothing for so long: it holds a slot of the upstream. */
function drained(response: ServerResponse, stallMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => () => {
      clearTimeout(timer);
      response.off('drain', onDrain).off('close', onClose);
      settle();
    };
    const onDrain = end(resolve);
    const onClose = end(() => reject(new Error('the client has gone')));
    const timer = setTimeout(
      end(() => reject(new Error(`the client took nothing for ${stallMs} ms`))),
      stallMs,
    );
    response.on('drain', onDrain).on('close', onClose);
    if (response.destroyed) onClose();
  });
}

/** In HTTP/1.0 a body without a length ends with its connection: only a reset tells that this was not its end. */
function breakOff(response: ServerResponse): void {
  const { socket } = response;
  if (socket !== null && response.req.httpVersion === '1.0') resetNow(socket);
  response.destroy();
}

/** `resetAndDestroy` first sends what is written and a clean end, and only then the reset: this is its second half. */
function resetNow(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}
