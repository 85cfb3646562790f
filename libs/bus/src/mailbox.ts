import { Bell } from './bell.js';

/** What happens, in order, for one reader. */
export class Mailbox<Letter> {
  private readonly letters: Letter[] = [];
  private readonly bell = new Bell();

  put(letter: Letter): void {
    this.letters.push(letter);
    this.bell.ring();
  }

  /** The next; null when there was none for that long. */
  async take(longestMs: number): Promise<Letter | null> {
    // A ring may be left over from a letter that was taken without a wait.
    while (this.letters.length === 0) if (!(await this.bell.wait(longestMs))) return null;
    return this.letters.shift() ?? null;
  }

  /** Takes the first that fits, past those before it. */
  pick<Wanted extends Letter>(fits: (letter: Letter) => letter is Wanted): Wanted | null {
    const index = this.letters.findIndex(fits);
    const letter = index < 0 ? undefined : this.letters.splice(index, 1)[0];
    return letter !== undefined && fits(letter) ? letter : null;
  }
}
