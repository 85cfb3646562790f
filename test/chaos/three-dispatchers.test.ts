import { afterAll, beforeAll, expect, test } from 'vitest';
import { rightfulHolder, watchMembers, type Bus, type MemberList } from '#bus';
import { leaseKeys } from '#contracts';
import { systemClock } from '#runtime';
import { testServers } from '../support/servers.js';
import { TestBuses } from '../support/test-bus.js';
import { openRig, until, type Rig } from './rig.js';
import { startTap, type Tap } from './tap.js';

const UPSTREAMS = Array.from({ length: 12 }, (_, i) => `u${i + 1}`);
const NAMES = ['dispatcher', 'dispatcher-2', 'dispatcher-3'] as const;

let tap: Tap;
let rig: Rig;
let buses: TestBuses;
let bus: Bus;
let members: MemberList;
beforeAll(async () => {
  tap = await startTap();
  rig = await openRig({
    name: 'three dispatchers',
    config: configFor(tap.port),
    profile: false,
    replicas: { dispatcher: 3 },
    env: { WHO: 'nobody' },
    envOf: (name) => ({ WHO: name }),
  });
  buses = new TestBuses({ url: testServers().natsUrl, namespace: rig.stack.namespace });
  bus = await buses.open();
  members = watchMembers({ bus, app: 'dispatcher', clock: systemClock });
  await members.ready;
});
afterAll(async () => {
  members.close();
  await buses.closeAll();
  await rig.stop();
  await tap.close();
});

/** Each is called all the time, with the name of whoever calls it. */
function configFor(port: number): string {
  const upstream = (id: string): string => `
  ${id}:
    baseUrl: http://127.0.0.1:${port}/${id}
    credentials: { header: Authorization, value: "\${WHO}" }
    limits: { windows: [{ limit: 50, per: 1s }], concurrency: 8 }
    refresh: { maxAge: 500ms, resources: ["/item"] }`;
  return `upstreams:${UPSTREAMS.map(upstream).join('')}\n`;
}

interface Held {
  readonly holder: string;
  /** Null while whoever took it finds out which is next. */
  readonly fence: number | null;
}

/** As the broker has it. */
async function held(): Promise<Map<string, Held>> {
  const leases = new Map<string, Held>();
  for (const id of UPSTREAMS) {
    const lease = await bus.leases.get(leaseKeys.upstream(id));
    if (lease?.operation === 'PUT') leases.set(id, lease.json<Held>());
  }
  return leases;
}

/** How many are not yet held by the one who should hold them. */
async function misplaced(): Promise<number> {
  const now = await held();
  return UPSTREAMS.filter((id) => now.get(id)?.holder !== rightfulHolder(leaseKeys.upstream(id), members.list()))
    .length;
}

async function divided(among: number, withinMs: number): Promise<Map<string, Held>> {
  await until(`${among} members`, withinMs, () => Math.abs(members.list().length - among));
  await until(`all of ${members.list().join(', ')} to have their share`, withinMs, misplaced);
  return held();
}

/** Who called an upstream since then, one after the other. */
function sendersSince(id: string, sinceAt: number): string[] {
  const senders = tap.calls.filter(({ at, path }) => at >= sinceAt && path === `/${id}/item`).map(({ from }) => from);
  return senders.filter((from, i) => from !== senders[i - 1]);
}

const heldBy = (holders: ReadonlyMap<string, Held>, member: string): string[] =>
  UPSTREAMS.filter((id) => holders.get(id)?.holder === member);

/** Which member sends under which name: each upstream is called by the one who holds it, and nobody else. */
async function namesOf(holders: ReadonlyMap<string, Held>): Promise<Map<string, string>> {
  const sinceAt = Date.now();
  await until(
    'each to be called',
    15_000,
    () => UPSTREAMS.filter((id) => sendersSince(id, sinceAt).length === 0).length,
  );
  const names = new Map<string, string>();
  for (const member of members.list()) {
    const senders = new Set(heldBy(holders, member).flatMap((id) => sendersSince(id, sinceAt)));
    expect(senders.size, `${member} holds ${heldBy(holders, member).join()}, called by ${[...senders].join()}`).toBe(1);
    for (const name of senders) names.set(member, name);
  }
  expect(new Set(names.values()).size).toBe(names.size);
  return names;
}

let shares: Map<string, Held>;

test('three dispatchers share twelve upstreams, each as many as its hashes say, and each is called by its holder alone', async () => {
  shares = await divided(3, 30_000);
  const names = await namesOf(shares);
  const most = Math.max(...members.list().map((member) => heldBy(shares, member).length));
  expect([...names.values()].sort()).toEqual([...NAMES].sort());
  // The hashes are of names made by chance: one in ten thousand runs would give more to one.
  expect(most).toBeLessThanOrEqual(10);
});

let stopped = '';

test('those of one that is stopped go to the other two, one holder after the other; the rest stay where they are', async () => {
  const before = shares;
  const names = await namesOf(before);
  const [busiest] = members.list().toSorted((a, b) => heldBy(before, b).length - heldBy(before, a).length);
  const gone = heldBy(before, busiest ?? '');
  stopped = names.get(busiest ?? '') ?? '';
  const stoppedAt = Date.now();
  await rig.stack.halt(stopped);
  shares = await divided(2, 15_000);
  await namesOf(shares);
  expect(gone.length).toBeGreaterThanOrEqual(4);
  expect(moved(before, shares)).toEqual(gone);
  for (const id of UPSTREAMS) {
    const senders = sendersSince(id, stoppedAt);
    const isOneAfterTheOther = new Set(senders).size === senders.length;
    expect(isOneAfterTheOther && senders.length <= (gone.includes(id) ? 2 : 1), `${id} by ${senders.join()}`).toBe(
      true,
    );
  }
});

test('when it is back it is given its share, one holder after the other, and nothing else moves', async () => {
  const before = shares;
  const startedAt = Date.now();
  await rig.stack.start(stopped);
  shares = await divided(3, 30_000);
  const names = await namesOf(shares);
  for (const id of UPSTREAMS) {
    const senders = sendersSince(id, startedAt);
    const wanted = [before, shares].map((holders) => names.get(holders.get(id)?.holder ?? ''));
    expect(senders, `${id}`).toEqual([...new Set(wanted)]);
  }
  for (const id of moved(before, shares)) expect(names.get(shares.get(id)?.holder ?? '')).toBe(stopped);
});

const moved = (before: ReadonlyMap<string, Held>, after: ReadonlyMap<string, Held>): string[] =>
  UPSTREAMS.filter((id) => before.get(id)?.holder !== after.get(id)?.holder);
