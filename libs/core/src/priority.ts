import { fieldLines, type Fields } from './fields.js';
import { membersOf } from './list-members.js';

/** `now`: someone is waiting; `soon`: someone was given a stale answer; `later`: nobody has asked yet. */
export type Lane = 'now' | 'soon' | 'later';

/** RFC 9218 4.1: "If omitted, the default urgency is 3": lane now. */
const DEFAULT_URGENCY = 3;
const MEMBER = /^([a-z*][a-z0-9_.*-]*)(?:=([^;]*))?(?:;.*)?$/;

/** The lane that a client asks for with the Priority field. */
export function laneOf(priority: string | undefined): Lane {
  const urgency = urgencyOf(priority) ?? DEFAULT_URGENCY;
  if (urgency <= 3) return 'now';
  return urgency <= 5 ? 'soon' : 'later';
}

/** Undefined when the field is absent, malformed or names none. RFC 9218 4: values that are out of range are ignored. */
function urgencyOf(priority: string | undefined): number | undefined {
  if (priority === undefined) return undefined;
  let urgency: string | undefined;
  for (const member of membersOf(priority)) {
    const match = MEMBER.exec(member);
    if (match === null) return undefined;
    // RFC 9651 4.2.2: of a key that is given twice the last one counts.
    if (match[1] === 'u') urgency = match[2]?.trimEnd();
  }
  return urgency !== undefined && /^[0-7]$/.test(urgency) ? Number(urgency) : undefined;
}

/** Requests whose `header` has a line that matches go in `lane`. In `match`, `*` stands for any characters, `?` for one. */
export interface LaneRule {
  readonly header: string;
  readonly match: string;
  readonly lane: Lane;
}

/**
 * The operator's rules come first, since Priority is a hint by whoever sends it; then what the client asks for; then the upstream's
 * default.
 */
export function laneByRules(
  fields: Fields,
  rules: readonly LaneRule[],
  priority: string | undefined,
  defaultLane: Lane,
): Lane {
  for (const { header, match, lane } of rules) {
    if (fieldLines(fields, header).some((line) => matchesGlob(match, line))) return lane;
  }
  return urgencyOf(priority) === undefined ? defaultLane : laneOf(priority);
}

/** In linear steps back to the last `*` only, so that no header can make it slow. */
function matchesGlob(glob: string, text: string): boolean {
  let [at, in_, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    if (glob[in_] === '*') [star, resume, in_] = [in_, at, in_ + 1];
    else if (in_ < glob.length && (glob[in_] === '?' || glob[in_] === text[at])) [at, in_] = [at + 1, in_ + 1];
    else if (star === -1) return false;
    else [in_, resume, at] = [star + 1, resume + 1, resume + 1];
  }
  while (glob[in_] === '*') in_++;
  return in_ === glob.length;
}
