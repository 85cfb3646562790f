/** More in one request gains nothing, and what arrives at once must be parsed at once. */
const MOST_ASKED = 1_000;

/**
 * How many messages the broker was asked for and has not sent yet. Asking is done in gulps: only when what is still asked
 * for has sunk to half of the room. So a stream that flows costs one request for many messages, not one for each.
 *
 * Room is counted in pieces of work, and nobody knows how many a message brings before it comes: as many as the largest of the last ones
 * is believed, and the largest that there can be until some have come. So no more comes than there is room for.
 */
export class PullDemand {
  private open = 0;
  private expected: number;

  constructor(mostInMessage = 1) {
    this.expected = mostInMessage;
  }

  get outstanding(): number {
    return this.open;
  }

  /** How many to ask for now; 0: none. One that may be too large is asked for only while idle, or it would never be. */
  toAsk(room: number, isIdle = false): number {
    const fitting = Math.min(Math.floor(room / this.expected), MOST_ASKED);
    const wanted = fitting < 1 && isIdle && room >= 1 ? 1 : fitting;
    return wanted >= 1 && this.open * 2 <= wanted ? wanted - this.open : 0;
  }

  asked(messages: number): void {
    this.open += messages;
  }

  received(pieces = 1): void {
    this.expected = Math.max(pieces, this.expected - 1);
    if (this.open > 0) this.open -= 1;
  }

  /** The broker ended a request of ours with this many of its messages unsent. */
  ended(unsent: number): void {
    this.open = Math.max(0, this.open - unsent);
  }

  /** Nothing that was asked for will come any more. */
  forget(): void {
    this.open = 0;
  }
}
