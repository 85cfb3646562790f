import type { PlanParts } from './plan-parts.js';
import type { PlannedResource } from './planned.js';

/** What was never fetched is due at once, but in a row: what is fetched in one burst would be due in one burst for ever. */
const LONGEST_SPREAD_MS = 10_000;
const SPREAD_OF_MAX_AGE = 0.95;

/**
 * What is planned is exactly what is listed. The list is read in parts, between which the plan goes on: `begin`, `read` as often as there
 * are parts, and `end` until it has looked at all slots. What is known of those that stay is kept.
 */
export class ResourceList {
  #reading = 0;

  constructor(private readonly parts: PlanParts) {}

  /** `expected`: about how many there are. */
  begin(expected: number): void {
    this.#reading += 1;
    if (expected > this.parts.table.capacity) this.parts.reserve(expected);
  }

  /** @param place how many came before, and how many there are in all. @returns the hashes of those that are new. */
  read(
    resources: readonly PlannedResource[],
    place: { readonly before: number; readonly expected: number },
    nowMs: number,
  ): string[] {
    const added: string[] = [];
    for (let i = 0; i < resources.length; i += 1) {
      const resource = resources[i];
      if (resource === undefined) break;
      const known = this.parts.table.slotOfUrl(resource.urlHash);
      const slot = known ?? this.#add(resource, Math.min(1, (place.before + i) / place.expected), nowMs);
      if (slot === undefined) continue;
      this.parts.table.reading.set(slot, this.#reading);
      if (known === undefined) added.push(resource.urlHash);
      else this.#change(known, resource, nowMs);
    }
    return added;
  }

  /** What the list did not have any more goes. @returns where to go on; undefined: that was all. */
  end(fromSlot: number, atMost: number): number | undefined {
    const { table } = this.parts;
    const toSlot = Math.min(table.end, fromSlot + atMost);
    for (let slot = fromSlot; slot < toSlot; slot += 1)
      if (table.reading.get(slot) !== this.#reading && table.has(slot)) this.#drop(slot);
    return toSlot < table.end ? toSlot : undefined;
  }

  /** The hashes of some of all that is planned. `next`: where to go on; undefined: that was all. */
  some(fromSlot: number, atMost: number): { urlHashes: string[]; next: number | undefined } {
    const { table } = this.parts;
    const toSlot = Math.min(table.end, fromSlot + atMost);
    const urlHashes: string[] = [];
    for (let slot = fromSlot; slot < toSlot; slot += 1) if (table.has(slot)) urlHashes.push(table.urlHash(slot));
    return { urlHashes, next: toSlot < table.end ? toSlot : undefined };
  }

  #add(resource: PlannedResource, share: number, nowMs: number): number | undefined {
    const { table, kinds, needs, turns } = this.parts;
    if (table.isFull) this.parts.reserve(Math.max(1, table.capacity * 2));
    const slot = table.add(resource);
    if (slot === undefined) return undefined;
    const maxAgeMs = resource.maxAgeMs ?? 0;
    const spreadMs = maxAgeMs === 0 ? LONGEST_SPREAD_MS : Math.min(LONGEST_SPREAD_MS, maxAgeMs * SPREAD_OF_MAX_AGE);
    table.maxAgeMs.set(slot, maxAgeMs);
    table.isFloor.set(slot, resource.isFloor ? 1 : 0);
    table.weight.set(slot, resource.weight);
    table.setCost(slot, resource.cost);
    kinds.put(slot, resource.path);
    table.notBeforeMs.set(slot, nowMs + share * spreadMs);
    needs.with(slot);
    turns.place(slot, nowMs);
    return slot;
  }

  #change(slot: number, { maxAgeMs = 0, isFloor, weight }: PlannedResource, nowMs: number): void {
    const { table, needs, turns } = this.parts;
    const isSame = table.maxAgeMs.get(slot) === maxAgeMs && table.isFloor.get(slot) === (isFloor ? 1 : 0);
    if (isSame && table.weight.get(slot) === weight) return;
    turns.leave(slot);
    needs.without(slot);
    table.maxAgeMs.set(slot, maxAgeMs);
    table.isFloor.set(slot, isFloor ? 1 : 0);
    table.weight.set(slot, weight);
    needs.with(slot);
    this.parts.place(slot, nowMs);
  }

  #drop(slot: number): void {
    const { table, needs, turns, demand, doubted } = this.parts;
    turns.leave(slot);
    this.parts.endOutstanding(slot);
    doubted.delete(slot);
    demand.forget(slot);
    needs.without(slot);
    table.drop(slot);
  }
}
