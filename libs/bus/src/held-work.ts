import type { FinalWord, WorkMessage } from './work-message.js';

interface Held {
  /** As it was handed out. The handler's word is about this one, not about whatever bears its number later. */
  readonly handed: WorkMessage;
  /** Its newest delivery, to which the broker listens. */
  newest: WorkMessage;
  /** How many pieces of work it is. */
  readonly pieces: number;
  /** Ticks that it has been held for; the first sign is sent at the second. */
  ticks: number;
  /** What is to be said once words count again. */
  word: FinalWord | null;
}

/**
 * The messages that the broker has handed to this process and waits to hear of, by stream sequence.
 *
 * Words count or do not. While they count, a word is sent at once. From the loss of the connection until the stream on the
 * other side is known to be the same one, they do not: words are kept. Then either it is the same stream, and they are sent,
 * or it is another, and all is forgotten: the sequence of a lost message names another message there, which must not be acked for it.
 */
export class HeldWork {
  private readonly held = new Map<number, Held>();
  private wordsCount = false;
  private whenEmpty: (() => void)[] = [];
  private heldPieces = 0;

  /** Pieces of work: a message may bring many. */
  get pieces(): number {
    return this.heldPieces;
  }

  /** @returns false when it is a redelivery of what is held: there is nothing to hand out then. */
  take(work: WorkMessage, pieces: number): boolean {
    const known = this.held.get(work.facts.sequence);
    if (known === undefined) {
      this.held.set(work.facts.sequence, { handed: work, newest: work, pieces, ticks: 0, word: null });
      this.heldPieces += pieces;
      return true;
    }
    known.newest = work;
    if (known.word !== null) this.settle(known.handed, known.word);
    return false;
  }

  /** Ends the holding of a message. Of one that is not held any more nothing is said. */
  settle(handed: WorkMessage, word: FinalWord): void {
    const held = this.held.get(handed.facts.sequence);
    if (held?.handed !== handed) return;
    held.word = word;
    if (!this.wordsCount) return;
    held.newest.say(word);
    this.release(handed.facts.sequence);
  }

  /** Once a second: tells the broker that what is held longer than that is still worked on. */
  keepAlive(): void {
    if (!this.wordsCount) return;
    for (const held of this.held.values()) {
      if (held.ticks > 0) held.newest.working();
      held.ticks += 1;
    }
  }

  suspendWords(): void {
    this.wordsCount = false;
  }

  resumeWords(): void {
    this.wordsCount = true;
    for (const { handed, word } of [...this.held.values()]) if (word !== null) this.settle(handed, word);
  }

  /** @returns how many were forgotten. */
  forgetAll(): number {
    const { size } = this.held;
    for (const sequence of [...this.held.keys()]) this.release(sequence);
    return size;
  }

  giveBackAll(): void {
    for (const { handed } of [...this.held.values()]) this.settle(handed, { kind: 'nak', delayMs: 0 });
    this.forgetAll();
  }

  untilEmpty(): Promise<void> {
    if (this.held.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenEmpty.push(resolve));
  }

  private release(sequence: number): void {
    this.heldPieces -= this.held.get(sequence)?.pieces ?? 0;
    this.held.delete(sequence);
    if (this.held.size > 0) return;
    for (const resolve of this.whenEmpty.splice(0)) resolve();
  }
}
