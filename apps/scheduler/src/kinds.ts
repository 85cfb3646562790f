import { templateOf } from '#core';
import type { PriorRates } from '#core';
import { CELLS, Column } from './column.js';

/** Until anything is known, not even a maxAge: one change in this time. */
const CHANGES_EVERY_MS = 600_000;
/** Beyond so many the paths have no kinds, and are all of the last. */
const MOST_KINDS = 4_096;

/** By the kind of its path: how often a resource is taken to change of which nothing is known yet. */
export class Kinds {
  readonly #kindOf = new Column(CELLS.slot, 0);
  readonly #kinds = new Map<string, number>();
  readonly #templates: string[] = [];
  /** By kind. */
  readonly #rates: number[] = [];
  #priors: PriorRates | undefined;
  #usual: number;

  constructor(private readonly timeScale = 1) {
    this.#usual = (timeScale * 1_000) / CHANGES_EVERY_MS;
  }

  reserve(slots: number): void {
    this.#kindOf.reserve(slots);
  }

  put(slot: number, path: string): void {
    const template = templateOf(path);
    let kind = this.#kinds.get(template);
    if (kind === undefined) {
      kind = Math.min(this.#templates.length, MOST_KINDS);
      if (kind < MOST_KINDS) this.#kinds.set(template, kind);
      this.#templates[kind] = kind < MOST_KINDS ? template : '';
      this.#rates[kind] = this.#expected(this.#templates[kind] ?? '');
    }
    this.#kindOf.set(slot, kind);
  }

  /** Changes per second. */
  changeRate(slot: number): number {
    return this.#rates[this.#kindOf.get(slot)] ?? this.#usual;
  }

  /** While nothing is learned at all: one change in the upstream's maxAge. */
  expect(maxAgeMs: number | undefined): void {
    this.#usual = maxAgeMs === undefined ? (this.timeScale * 1_000) / CHANGES_EVERY_MS : 1_000 / maxAgeMs;
    this.#renew();
  }

  /** What has been learned of those that are known. */
  learn(priors: PriorRates): void {
    this.#priors = priors;
    this.#renew();
  }

  #renew(): void {
    this.#templates.forEach((template, kind) => (this.#rates[kind] = this.#expected(template)));
  }

  #expected(template: string): number {
    return this.#priors?.templates[template] ?? this.#priors?.overall ?? this.#usual;
  }
}
