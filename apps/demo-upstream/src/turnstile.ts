type Work = (leave: () => void) => void;

/** Lets at most so many calls be worked on at once; the others stand in line, first come first served. */
export class Turnstile {
  private working = 0;
  private readonly line: Work[] = [];

  /** Null: no limit. */
  constructor(private readonly limit: () => number | null) {}

  enter(work: Work): void {
    if (this.isFull()) this.line.push(work);
    else this.start(work);
  }

  private start(work: Work): void {
    this.working++;
    let isInside = true;
    work(() => {
      if (!isInside) return;
      isInside = false;
      this.working--;
      this.admitWaiting();
    });
  }

  private admitWaiting(): void {
    while (!this.isFull()) {
      const work = this.line.shift();
      if (work === undefined) return;
      this.start(work);
    }
  }

  private isFull(): boolean {
    return this.working >= (this.limit() ?? Infinity);
  }
}
