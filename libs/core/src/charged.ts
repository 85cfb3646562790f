import type { SetOutcome, SetPermit } from './gate-set.js';

/** Calls' worth that a call was charged in the end: as the answer tells it, as such an answer costs, or as it was charged at its start. */
export function chargedFor({ parts }: SetPermit, outcome: SetOutcome): number {
  const charged = parts[0]?.permit.cost ?? 1;
  if (outcome.kind !== 'answered') return charged;
  return outcome.announcement?.cost ?? Math.min(charged, outcome.cost ?? charged);
}
