import type { EventName } from './subjects.js';

/** What a handler may be written for. Relative to the namespace; `>` stands for every lane, upstream and key. */
export const WORK_PATTERNS = {
  refresh: 'work.refresh.>',
  fetch: 'work.fetch.>',
  control: 'work.control.>',
} as const;

export type WorkPattern = (typeof WORK_PATTERNS)[keyof typeof WORK_PATTERNS];

/** What the subject of a work message says, for when the message itself cannot be read. */
export interface WorkPlace {
  readonly upstream: string;
  readonly key: string;
}

/** `work.refresh.<lane>.<u>.<key>`, `work.fetch.<lane>.<u>.<bucket>.<key>`, `work.control.<u>.<id>`. */
export function workPlaceOf(subject: string, namespace: string): WorkPlace | null {
  const [work, kind, ...rest] = tokensOf(subject, namespace);
  const upstream = kind === 'control' ? rest[0] : rest[1];
  const key = rest.at(-1);
  if (work !== 'work' || upstream === undefined || key === undefined) return null;
  return { upstream, key };
}

/** The name of the event that is told on this subject. */
export function eventNameOf(subject: string, namespace: string): EventName {
  return tokensOf(subject, namespace).slice(1).join('.') as EventName;
}

const tokensOf = (subject: string, namespace: string): string[] => subject.slice(namespace.length + 1).split('.');
