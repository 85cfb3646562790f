import type { Told } from './told.js';

/** One POST of a user: its id, and what its client was told. */
export interface SentPost {
  id: string;
  told: Told;
}

/**
 * done        told of success, seen once
 * refused     told of an error, never seen: the client may send it again
 * unknown     told that the outcome is unknown (or cut off), seen once or not at all
 * answered    an error of the upstream's own, passed on, seen once
 * lost        told of success, never seen
 * duplicated  seen twice, though the client sent it once
 * misled      told that it did not get through, yet it was seen: the client would do it twice
 */
export const POST_VERDICTS = ['done', 'refused', 'unknown', 'answered', 'lost', 'duplicated', 'misled'] as const;
export type PostVerdict = (typeof POST_VERDICTS)[number];

export const WRONG: readonly PostVerdict[] = ['lost', 'duplicated', 'misled'];

export function verdictOn(told: Told, seen: number): PostVerdict {
  if (seen > 1) return 'duplicated';
  if (isUnknown(told)) return 'unknown';
  if (told.kind === 'answered' && told.status < 400) return seen === 1 ? 'done' : 'lost';
  if (seen === 0) return 'refused';
  const isUpstreams = told.kind === 'answered' && told.problem === null;
  return isUpstreams ? 'answered' : 'misled';
}

function isUnknown(told: Told): boolean {
  if (told.kind === 'cut') return true;
  return told.kind === 'answered' && told.problem !== null && /outcome unknown/i.test(told.problem.detail);
}

export interface PostTally {
  sent: number;
  verdicts: Record<PostVerdict, number>;
  /** The first few that went wrong. */
  wrong: { id: string; verdict: PostVerdict; seen: number; told: Told }[];
  /** Seen by the judge, sent by nobody. */
  strangers: number;
}

export function tallyPosts(sent: readonly SentPost[], seenById: Record<string, { seen: number }>): PostTally {
  const verdicts: Record<PostVerdict, number> = {
    done: 0,
    refused: 0,
    unknown: 0,
    answered: 0,
    lost: 0,
    duplicated: 0,
    misled: 0,
  };
  const wrong: PostTally['wrong'] = [];
  for (const { id, told } of sent) {
    const seen = seenById[id]?.seen ?? 0;
    const verdict = verdictOn(told, seen);
    verdicts[verdict] += 1;
    if (WRONG.includes(verdict) && wrong.length < 10) wrong.push({ id, verdict, seen, told });
  }
  const known = new Set(sent.map(({ id }) => id));
  const strangers = Object.keys(seenById).filter((id) => !known.has(id)).length;
  return { sent: sent.length, verdicts, wrong, strangers };
}

export function wrongPosts({ verdicts }: PostTally): number {
  return WRONG.reduce((total, verdict) => total + verdicts[verdict], 0);
}
