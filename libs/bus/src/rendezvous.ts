import { createHash } from 'node:crypto';

/** Highest random weight: who of the members should hold this key. All who know the same members agree, and a member that leaves moves only its own keys. */
export function rightfulHolder(key: string, members: readonly string[]): string | null {
  let best: string | null = null;
  let bestWeight = '';
  for (const member of members) {
    const weight = weightOf(key, member);
    if (best !== null && weight <= bestWeight) continue;
    best = member;
    bestWeight = weight;
  }
  return best;
}

export const shouldHold = (key: string, members: readonly string[], me: string): boolean =>
  rightfulHolder(key, members) === me;

/** The member is part of the weight too, so that equal digests cannot happen. */
const weightOf = (key: string, member: string): string =>
  createHash('sha256').update(`${key}\n${member}`).digest('hex') + member;
