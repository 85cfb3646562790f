import type { Api } from './api-call.js';
import { skewed, type Clock } from './clock.js';
import { Faults } from './faults.js';
import { Fetches } from './fetches.js';
import { Gate } from './gate.js';
import { Judge } from './judge.js';
import { latencies } from './latency.js';
import { Notes } from './notes.js';
import { Posts } from './posts.js';
import type { Profile } from './profile.js';
import { Shelf } from './shelf.js';
import { Turnstile } from './turnstile.js';

/** All parts of one demo upstream. */
export interface Demo extends Api {
  profile: Profile;
  /** True time; `clock` is the API's own, which the profile may set wrong. */
  trueClock: Clock;
  gate: Gate;
  judge: Judge;
  posts: Posts;
  faults: Faults;
  turnstile: Turnstile;
  latencyMs: () => number;
}

export function openDemo(profile: Profile, trueClock: Clock): Demo {
  const clock = skewed(trueClock, () => demo.profile.clockSkewMs);
  const demo: Demo = {
    profile,
    trueClock,
    clock,
    shelf: new Shelf(profile, profile.changes.originAt ?? trueClock.epochMs()),
    notes: new Notes(),
    fetches: new Fetches(profile.items),
    gate: new Gate(profile, { monotonicMs: () => trueClock.monotonicMs(), epochMs: () => clock.epochMs() }),
    judge: new Judge(trueClock),
    posts: new Posts(),
    faults: new Faults(profile.seed, () => demo.profile.faults),
    turnstile: new Turnstile(() => queueLimit(demo.profile)),
    latencyMs: latencies(profile.seed, () => demo.profile.latency),
  };
  return demo;
}

function queueLimit({ limits: { concurrency } }: Profile): number | null {
  return concurrency?.over === 'queue' ? concurrency.limit : null;
}
