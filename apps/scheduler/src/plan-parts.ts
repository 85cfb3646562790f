import type { Version } from '#core';
import { Demand } from './demand.js';
import { Kinds } from './kinds.js';
import { Lead } from './lead.js';
import { Needs } from './needs.js';
import { ResourceTable } from './resource-table.js';
import { Turns } from './turns.js';

/** A reminder that has left. */
export interface Left {
  readonly sinceMs: number;
  /** What was known then. */
  readonly have: Version | null;
  /** When the answer came that was stored since. */
  receivedAtMs: number | undefined;
}

/** All that is kept by slot, and what is done with a slot in one go. */
export class PlanParts {
  readonly lead = new Lead();
  readonly table = new ResourceTable();
  readonly demand: Demand;
  readonly kinds: Kinds;
  readonly needs = new Needs(this.table);
  readonly turns: Turns;
  /** In the order in which they left. */
  readonly outstanding = new Map<number, Left>();
  /** Something newer is stored of these than what we heard of. */
  readonly doubted = new Set<number>();

  /** `timeScale`: so much faster than the world's runs the clock that reads fade by, and that resources change by. */
  constructor(timeScale: number) {
    this.demand = new Demand(timeScale);
    this.kinds = new Kinds(timeScale);
    this.turns = new Turns(this.table, this.demand, this.kinds, this.lead);
  }

  reserve(slots: number): void {
    const capacity = this.table.reserve(slots);
    this.demand.reserve(capacity);
    this.kinds.reserve(capacity);
    this.turns.reserve(capacity);
  }

  /** By what is known now. What is outstanding is placed when its end is told. */
  place(slot: number, nowMs: number): void {
    if (!this.outstanding.has(slot)) this.turns.place(slot, nowMs);
  }

  /** As `place`, however often it has failed. */
  placeAtOnce(slot: number, nowMs: number): void {
    this.table.notBeforeMs.set(slot, 0);
    this.place(slot, nowMs);
  }

  /** @returns whether it was outstanding. */
  endOutstanding(slot: number): boolean {
    this.turns.end(slot);
    return this.outstanding.delete(slot);
  }
}
