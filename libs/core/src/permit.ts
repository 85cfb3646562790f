import type { Permit } from './gate-types.js';

interface OpenPermit extends Permit {
  settled: boolean;
}

export function openPermit({ epoch, probe, lane, startedAtMs, seq }: Permit): Permit {
  const permit: OpenPermit = { epoch, probe, lane, startedAtMs, seq, settled: false };
  return permit;
}

/** False when it was closed already, so that no slot is counted down twice. */
export function closePermit(permit: Permit & { settled?: boolean }): boolean {
  if (permit.settled !== false) return false;
  permit.settled = true;
  return true;
}
