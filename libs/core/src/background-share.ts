/**
 * Lane now comes first, strictly, except for a floor: while background work waits, each call of lane now owes it a fraction of a
 * call, and a whole one is paid before lane now goes on. So a flood of users slows the refreshes down but never stops them.
 */
export class BackgroundShare {
  #owed = 0;
  #waits = false;

  constructor(private readonly floor: number) {}

  seen(backgroundWaits: boolean): void {
    this.#waits = backgroundWaits;
    if (!backgroundWaits) this.#owed = 0;
  }

  get due(): boolean {
    return this.#owed >= 1;
  }

  started(background: boolean): void {
    if (background) this.#owed = Math.max(0, this.#owed - 1);
    // More than two are not saved up: what was owed during a pause is not paid in one burst.
    else if (this.#waits) this.#owed = Math.min(2, this.#owed + this.floor);
  }
}
