import type { Permit } from './gate-types.js';

interface OpenPermit extends Permit {
  settled: boolean;
  left: boolean;
  heard: boolean;
}

export function openPermit({ epoch, probe, lane, startedAtMs, seq, cost }: Permit): Permit {
  const permit: OpenPermit = { epoch, probe, lane, startedAtMs, seq, cost, settled: false, left: false, heard: false };
  return permit;
}

/** False when it was closed already, so that no slot is counted down twice. */
export function closePermit(permit: Permit & { settled?: boolean }): boolean {
  if (permit.settled !== false) return false;
  permit.settled = true;
  return true;
}

/** False when it was told before, or is settled. */
export function hearPermit(permit: Permit & { settled?: boolean; heard?: boolean }): boolean {
  if (permit.settled !== false || permit.heard !== false) return false;
  permit.heard = true;
  return true;
}

/** False when it was told before. */
export function leavePermit(permit: Permit & { left?: boolean }): boolean {
  if (permit.left !== false) return false;
  permit.left = true;
  return true;
}

export function notAdmitted(found: string): Error {
  return new Error(
    `A call was started that the gate had not let go (found: ${found}). Call admit() first, and start() at once.`,
  );
}
