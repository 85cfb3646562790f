import { createHash } from 'node:crypto';
import { Bell } from './bell.js';
import { decodeUpward, encodeDownward, SILENCE_MS, type Downward, type Upward } from './body-wire.js';
import type { Bus } from './connection.js';

/** `untaken`: nobody asked for it in time, or it was withdrawn. `broken`: the receiver went away or refused it, or the source failed. */
export type BodySent = 'taken' | 'untaken' | 'broken';

export interface BodySender {
  /** Never rejects. */
  readonly done: Promise<BodySent>;
  /** Nobody has begun to take it, and it can still be taken. */
  untouched(): boolean;
  withdraw(): void;
}

export interface BodySenderOptions {
  readonly bus: Bus;
  readonly id: string;
  /** Chunks as they are to be sent. Read no faster than the receiver takes them. */
  readonly source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly untakenMs: number;
  /** SHA-256, hex, where it is known already; else it is computed on the way. */
  readonly hash?: string;
  /** As soon as it is known that the receiver will not have it whole: a source that is slow would learn it only with its next chunk. */
  readonly onBroken?: () => void;
}

/** Listens from now on: what names this body to the receiver may be published after this returns. */
export function sendBody(options: BodySenderOptions): BodySender {
  return new CreditedSender(options);
}

class CreditedSender implements BodySender {
  readonly done: Promise<BodySent>;
  private upTo = 0;
  private receiver: 'unheard' | 'reading' | 'taken' | 'refused' = 'unheard';
  private withdrawn = false;
  private over = false;
  private waitsForSource = false;
  /** From the first credit on the receiver is heard every second, as long as it lives. */
  private silence: NodeJS.Timeout | undefined;
  private readonly bell = new Bell();

  constructor(private readonly options: BodySenderOptions) {
    this.done = this.run();
  }

  untouched(): boolean {
    return this.receiver === 'unheard' && !this.withdrawn && !this.over;
  }

  withdraw(): void {
    this.withdrawn = true;
    this.bell.ring();
    if (this.waitsForSource) this.options.onBroken?.();
  }

  private async run(): Promise<BodySent> {
    const { bus, id } = this.options;
    const subscription = bus.nc.subscribe(bus.subjects.bodyCredit(id), {
      callback: (_, message) => this.heard(message.data),
    });
    void subscription.closed.then(() => this.withdraw());
    const forgetAway = bus.onAway(() => this.wentAway());
    try {
      const sent = await this.story();
      if (sent === 'broken') this.say({ kind: 'aborted', reason: 'the sender stopped' });
      if (sent !== 'taken') this.options.onBroken?.();
      return sent;
    } catch (error) {
      this.say({ kind: 'aborted', reason: String(error) });
      this.options.onBroken?.();
      return 'broken';
    } finally {
      this.over = true;
      clearTimeout(this.silence);
      forgetAway();
      if (!bus.nc.isClosed()) subscription.unsubscribe();
    }
  }

  private async story(): Promise<BodySent> {
    await this.bell.wait(this.options.untakenMs);
    if (this.receiver === 'unheard') return 'untaken';
    if (this.receiver !== 'reading' || this.withdrawn) return 'broken';
    this.silence = setTimeout(() => this.lost(), SILENCE_MS);
    if (!(await this.sendAll())) return 'broken';
    while (this.receiver === 'reading') if (!(await this.hearsInTime())) return 'broken';
    return this.receiver === 'taken' ? 'taken' : 'broken';
  }

  private async sendAll(): Promise<boolean> {
    const hash = createHash('sha256');
    let [chunks, bytes] = [0, 0];
    this.waitsForSource = true;
    for await (const chunk of this.options.source) {
      this.waitsForSource = false;
      while (chunks >= this.upTo && this.receiver === 'reading') if (!(await this.hearsInTime())) return false;
      if (this.receiver !== 'reading' || this.withdrawn) return false;
      this.say({ kind: 'chunk', n: chunks }, chunk);
      if (this.options.hash === undefined) hash.update(chunk);
      [chunks, bytes] = [chunks + 1, bytes + chunk.byteLength];
      this.waitsForSource = true;
    }
    this.waitsForSource = false;
    this.say({ kind: 'end', chunks, bytes, hash: this.options.hash ?? hash.digest('hex') });
    return true;
  }

  private async hearsInTime(): Promise<boolean> {
    const rung = await this.bell.wait(SILENCE_MS);
    return rung && !this.withdrawn;
  }

  private heard(frame: Uint8Array): void {
    const head = readUpward(frame);
    if (head === null) return;
    this.silence?.refresh();
    if (head.kind === 'credit') {
      this.upTo = Math.max(this.upTo, head.upTo);
      if (this.receiver === 'unheard') this.receiver = 'reading';
      if (this.waitsForSource) this.say({ kind: 'alive' });
    } else if (head.kind === 'refused') return this.lost();
    else this.receiver = head.kind;
    this.bell.ring();
  }

  /** What was on its way is lost. A body that nobody has begun to take is still whole. */
  private wentAway(): void {
    if (this.receiver !== 'unheard') this.lost();
  }

  private lost(): void {
    if (this.receiver === 'taken') return;
    this.receiver = 'refused';
    this.bell.ring();
    if (this.waitsForSource) this.options.onBroken?.();
  }

  private say(head: Downward, bytes?: Uint8Array): void {
    const { bus, id } = this.options;
    if (bus.connected()) bus.nc.publish(bus.subjects.body(id), encodeDownward(head, bytes));
  }
}

/** What cannot be read is as good as lost: the receiver says it again. */
function readUpward(frame: Uint8Array): Upward | null {
  try {
    return decodeUpward(frame);
  } catch {
    return null;
  }
}
