/** More in one request gains nothing, and what arrives at once must be parsed at once. */
const MOST_ASKED = 1_000;

/**
 * How many messages the broker was asked for and has not sent yet. Asking is done in gulps: only when what is still asked
 * for has sunk to half of the room. So a stream that flows costs one request for many messages, not one for each.
 */
export class PullDemand {
  private open = 0;

  get outstanding(): number {
    return this.open;
  }

  /** How many to ask for now; 0: none. */
  toAsk(room: number): number {
    const wanted = Math.min(Math.floor(room), MOST_ASKED);
    return wanted >= 1 && this.open * 2 <= wanted ? wanted - this.open : 0;
  }

  asked(messages: number): void {
    this.open += messages;
  }

  received(): void {
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
