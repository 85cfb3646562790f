import { totalmem } from 'node:os';

const MIB = 1024 * 1024;
const SHARE = 0.25;
const LEAST_BYTES = 64 * MIB;
const MOST_BYTES = 512 * MIB;

/** How much of the machine, or of what its container is given, may be taken by stored answers. */
export function memoryForEntries(givenBytes: number = givenToProcess()): number {
  return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.floor(givenBytes * SHARE)));
}

/** Without a limit the system tells zero, or one that is larger than the machine. */
function givenToProcess(): number {
  const limited = process.constrainedMemory();
  return limited > 0 ? Math.min(limited, totalmem()) : totalmem();
}
