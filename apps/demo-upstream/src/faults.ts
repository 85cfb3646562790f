import { sequence } from './chance.js';
import type { FaultsSpec } from './profile.js';

export const FAULTS = ['error', 'slow', 'reset', 'truncate', 'silent'] as const;
export type Fault = (typeof FAULTS)[number];

export interface OrderedFault {
  fault: Fault;
  times: number;
  path: string;
}

const FAULT_STREAM = 31;

/** What goes wrong with a call: what was ordered first, else by the profile's rates. */
export class Faults {
  private readonly next: () => number;
  private ordered: OrderedFault[] = [];
  readonly counts: Record<Fault, number> = { error: 0, slow: 0, reset: 0, truncate: 0, silent: 0 };

  constructor(
    seed: number,
    private readonly spec: () => FaultsSpec,
  ) {
    this.next = sequence(seed, FAULT_STREAM);
  }

  /** The next `times` calls whose path begins with `path`. */
  order(fault: OrderedFault): void {
    this.ordered.push({ ...fault });
  }

  draw(path: string): Fault | undefined {
    const fault = this.takeOrdered(path) ?? this.byRate(path);
    if (fault !== undefined) this.counts[fault]++;
    return fault;
  }

  clear(): void {
    for (const fault of FAULTS) this.counts[fault] = 0;
  }

  private takeOrdered(path: string): Fault | undefined {
    const order = this.ordered.find((candidate) => path.startsWith(candidate.path));
    if (order === undefined) return undefined;
    order.times--;
    if (order.times <= 0) this.ordered = this.ordered.filter((other) => other !== order);
    return order.fault;
  }

  private byRate(path: string): Fault | undefined {
    const spec = this.spec();
    if (!path.startsWith(spec.path)) return undefined;
    let chance = this.next();
    for (const fault of FAULTS) {
      if (chance < spec[fault]) return fault;
      chance -= spec[fault];
    }
    return undefined;
  }
}
