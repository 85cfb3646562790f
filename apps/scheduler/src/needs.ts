import type { ResourceTable } from './resource-table.js';

/** What it takes to keep every maxAge, were it spread evenly; kept up to date one resource at a time. */
export class Needs {
  #calls = 0;
  #cost = 0;
  #floors = 0;
  #withTarget = 0;

  constructor(private readonly table: ResourceTable) {}

  /** How many have a maxAge. */
  get withTarget(): number {
    return this.#withTarget;
  }

  get callsPerSecond(): number {
    return this.#calls * 1000;
  }

  /** Calls' worth. */
  get costPerSecond(): number {
    return this.#cost * 1000;
  }

  /** The part of it that resources with a maxAge of their own take. */
  get floorsPerSecond(): number {
    return this.#floors * 1000;
  }

  /** Before its maxAge, or what it costs, becomes another. */
  without(slot: number): void {
    this.#add(slot, -1);
  }

  with(slot: number): void {
    this.#add(slot, 1);
  }

  #add(slot: number, sign: number): void {
    const maxAgeMs = this.table.maxAgeMs.get(slot);
    if (maxAgeMs === 0) return;
    const cost = this.table.cost.get(slot) / maxAgeMs;
    this.#withTarget += sign;
    this.#calls += sign / maxAgeMs;
    this.#cost += sign * cost;
    if (this.table.isFloor.get(slot) === 1) this.#floors += sign * cost;
    // What was added and taken away again leaves a rest of some last digits.
    if (this.#withTarget === 0) [this.#calls, this.#cost, this.#floors] = [0, 0, 0];
  }
}
