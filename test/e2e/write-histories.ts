import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, cacheStatusOf } from './asking.js';
import type { Pace } from './counting-upstream.js';

export interface Step {
  readonly kind: 'read' | 'reload' | 'write';
  readonly replica: number;
  readonly resource: number;
  readonly thinkMs: number;
}

/** Clients at the same time, each one step after the other. */
export interface History {
  readonly clients: readonly (readonly Step[])[];
  readonly pace: Pace;
}

export interface Shape {
  readonly steps: number;
  readonly longestThoughtMs: number;
}

const REPLICAS = 2;
export const RESOURCES = 2;

export function histories({ steps, longestThoughtMs }: Shape): fc.Arbitrary<History> {
  const step = fc.record({
    kind: fc.constantFrom('read' as const, 'read' as const, 'read' as const, 'reload' as const, 'write' as const),
    replica: fc.nat(REPLICAS - 1),
    resource: fc.nat(RESOURCES - 1),
    thinkMs: fc.nat(longestThoughtMs),
  });
  const clients = fc.array(fc.array(step, { minLength: steps, maxLength: steps }), { minLength: 4, maxLength: 8 });
  const pace = fc.record({
    seed: fc.nat(),
    beforeReadMs: fc.constantFrom(0, 10),
    afterReadMs: fc.constantFrom(20, 80),
    beforeWriteMs: fc.constantFrom(0, 30),
    afterWriteMs: fc.constantFrom(0, 30),
  });
  return fc.record({ clients, pace }).map((history) => ({ ...history, [fc.toStringMethod]: () => shown(history) }));
}

/** The seed brings it back; its hundreds of steps would hide what went wrong. */
function shown({ clients, pace }: History): string {
  return `${clients.length} clients at ${JSON.stringify(pace)}`;
}

/** What is known of one resource: the newest write that a client was told of, whichever client, and when. */
export interface Floor {
  value: number;
}

export interface Field {
  /** By replica. */
  readonly dataUrls: readonly string[];
  /** By resource, as clients ask for it. */
  readonly targets: readonly string[];
  readonly floors: readonly Floor[];
  /** While parts are being hurt a call may end in an error of ours: it says nothing. */
  readonly mayFail: boolean;
}

export function fieldOf(dataUrls: readonly string[], targets: readonly string[], mayFail: boolean): Field {
  return { dataUrls, targets, floors: targets.map(() => ({ value: 0 })), mayFail };
}

/** What was seen that must not be, in words. */
export async function play({ clients }: History, field: Field): Promise<string[]> {
  const faults: string[] = [];
  await Promise.all(
    clients.map(async (steps, client) => {
      for (const step of steps) {
        await sleep(step.thinkMs);
        const fault = await take(step, field);
        if (fault !== undefined) faults.push(`client ${client}: ${fault}`);
      }
    }),
  );
  return faults;
}

/** Whoever looks now must see what was written, on each replica. */
export async function lookAfterwards(field: Field): Promise<string[]> {
  const looks = field.targets.flatMap((_, resource) =>
    field.dataUrls.map((_, replica) => take({ kind: 'read', replica, resource, thinkMs: 0 }, field)),
  );
  return (await Promise.all(looks)).filter((fault) => fault !== undefined);
}

const RELOAD = { 'Cache-Control': 'no-cache' };

async function take({ kind, replica, resource }: Step, field: Field): Promise<string | undefined> {
  const [origin = '', target = ''] = [field.dataUrls[replica], field.targets[resource]];
  const floor = field.floors[resource] ?? { value: 0 };
  // Written and told before this step began.
  const least = floor.value;
  const asking = kind === 'write' ? { method: 'PUT', body: '{}' } : { headers: kind === 'reload' ? RELOAD : {} };
  const answer = await ask(origin, target, asking);
  if (answer.status !== 200) {
    return field.mayFail ? undefined : `${kind} of ${target} at replica ${replica}: ${answer.status} ${answer.text}`;
  }
  const { value } = answer.json<{ value: number }>();
  if (kind === 'write') floor.value = Math.max(floor.value, value);
  if (value >= least) return undefined;
  return `${kind} of ${target} at replica ${replica} gave ${value} after ${least} was written (${cacheStatusOf(answer)})`;
}
