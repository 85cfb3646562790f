import type { Lane } from '#core';
import { checkNamespace } from './namespace.js';

/** The facts that Penstock tells; each is one subject below `event.`. */
export type EventName =
  | 'entry.stored'
  | 'entry.invalidated'
  | 'entry.stale'
  | 'entry.removed'
  | 'fetch.answered'
  | 'fetch.failed'
  | 'fetch.dropped'
  | 'upstream.paused'
  | 'upstream.resumed'
  | 'upstream.held'
  | 'config.applied';

export type RefreshLane = 'soon' | 'later';

/** The bucket of calls that no declared bucket matches. */
export const DEFAULT_BUCKET = 'default';

/** Every subject there is, as DESIGN section 4 lists them. Nothing else in the code spells one. */
export interface Subjects {
  readonly namespace: string;
  call(upstream: string, fence: number): string;
  /** Chunks of a body that is too large for one message. */
  body(id: string): string;
  /** Credits of the receiver of that body. */
  bodyCredit(id: string): string;
  readonly reads: string;
  readonly learned: string;
  fetchDoor(upstream: string): string;
  readonly fetchDoors: string;
  state(upstream: string): string;
  readonly states: string;
  /** Work for one resource bears its key, a batch of work `batchToken`. */
  refresh(lane: RefreshLane, upstream: string, key: string): string;
  fetch(lane: Lane, upstream: string, bucket: string, key: string): string;
  fetchLane(lane: Lane, upstream: string, bucket: string): string;
  control(upstream: string, id: string): string;
  controlOf(upstream: string): string;
  event(name: EventName): string;
  readonly events: string;
  dead(upstream: string, key: string): string;
  /** Everything below a stream's first tokens, for the stream's own declaration. */
  readonly all: { refresh: string; fetch: string; control: string; events: string; dead: string };
}

export function createSubjects(namespace: string): Subjects {
  const ns = checkNamespace(namespace);
  return {
    namespace: ns,
    call: (upstream, fence) => `${ns}.call.${upstream}.${fence}`,
    body: (id) => `${ns}.stream.${id}.down`,
    bodyCredit: (id) => `${ns}.stream.${id}.up`,
    reads: `${ns}.stat.reads`,
    learned: `${ns}.stat.learned`,
    fetchDoor: (upstream) => `${ns}.fetch.${upstream}`,
    fetchDoors: `${ns}.fetch.*`,
    state: (upstream) => `${ns}.state.upstream.${upstream}`,
    states: `${ns}.state.upstream.*`,
    refresh: (lane, upstream, key) => `${ns}.work.refresh.${lane}.${upstream}.${key}`,
    fetch: (lane, upstream, bucket, key) => `${ns}.work.fetch.${lane}.${upstream}.${bucket}.${key}`,
    fetchLane: (lane, upstream, bucket) => `${ns}.work.fetch.${lane}.${upstream}.${bucket}.*`,
    control: (upstream, id) => `${ns}.work.control.${upstream}.${id}`,
    controlOf: (upstream) => `${ns}.work.control.${upstream}.*`,
    event: (name) => `${ns}.event.${name}`,
    events: `${ns}.event.>`,
    dead: (upstream, key) => `${ns}.dead.${upstream}.${key}`,
    all: {
      refresh: `${ns}.work.refresh.>`,
      fetch: `${ns}.work.fetch.>`,
      control: `${ns}.work.control.>`,
      events: `${ns}.event.>`,
      dead: `${ns}.dead.>`,
    },
  };
}
