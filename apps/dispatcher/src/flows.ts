import type { AnswerFlow } from './route/answer-flow.js';

/** Answers whose bodies flow on: each keeps the slot of its call until it is over. */
export class Flows {
  private readonly open = new Set<AnswerFlow>();

  get size(): number {
    return this.open.size;
  }

  keep(flow: AnswerFlow, onOver: () => void): void {
    this.open.add(flow);
    void flow.over.then(() => {
      this.open.delete(flow);
      onOver();
    });
  }
}
