import { setTimeout as sleep } from 'node:timers/promises';
import { penstockCaller, type Call, type Caller } from '../bench/story/callers.js';
import { tallyPosts, wrongPosts, type PostTally, type SentPost } from '../bench/story/post-verdicts.js';
import { errorName, type Told } from '../bench/story/told.js';

export interface Ended {
  readonly what: 'planned' | 'cold' | 'post';
  readonly path: string;
  /** Epoch ms. */
  readonly beganAt: number;
  readonly endedAt: number;
  readonly told: Told;
}

export interface UsersOptions {
  readonly dataUrl: string;
  /** `/demo/items/<1 to planned>` are read as long as the test runs. */
  readonly planned: number;
  readonly readsPerSecond?: number;
  /** Of what nobody has read before. */
  readonly coldPerSecond?: number;
  readonly postsPerSecond?: number;
}

const FIRST_COLD = 2_000;
const LAST_WORDS_MS = 30_000;

/** People who use the service while it is being hurt, open loop: what each was told is kept. */
export class Users {
  readonly ended: Ended[] = [];
  readonly posts: SentPost[] = [];
  private readonly call: Caller;
  private readonly timers: NodeJS.Timeout[];
  private open = 0;
  private cold = FIRST_COLD;
  private read = 0;

  constructor(private readonly options: UsersOptions) {
    const { readsPerSecond = 20, coldPerSecond = 1, postsPerSecond = 2 } = options;
    this.call = penstockCaller(options.dataUrl);
    this.timers = [
      every(readsPerSecond, () => this.begin('planned', `/demo/items/${this.nextPlanned()}`)),
      every(coldPerSecond, () => this.begin('cold', `/demo/items/${(this.cold += 1)}`)),
      every(postsPerSecond, () => this.post()),
    ];
  }

  /** No new calls; resolves when those under way have ended. */
  async finish(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    const untilMs = performance.now() + LAST_WORDS_MS;
    while (this.open > 0 && performance.now() < untilMs) await sleep(20);
    if (this.open > 0) throw new Error(`expected every call to end, found ${this.open} open after 30 s`);
  }

  /** Those that began in this span, in epoch ms. */
  between(fromAt: number, toAt: number, what?: Ended['what']): Ended[] {
    return this.ended.filter(
      (one) => one.beganAt >= fromAt && one.beganAt < toAt && (what === undefined || one.what === what),
    );
  }

  private nextPlanned(): number {
    // A step that shares no divisor with the count visits all of them.
    this.read = (this.read + 37) % this.options.planned;
    return this.read + 1;
  }

  private post(): void {
    const id = `p${this.posts.length}-${Math.random().toString(36).slice(2, 8)}`;
    const sent: SentPost = { id, told: { kind: 'cut', code: 'still open' } };
    this.posts.push(sent);
    const item = 1 + (this.posts.length % this.options.planned);
    const headers = { 'content-type': 'application/json', 'x-call-id': id };
    const call: Call = { method: 'POST', path: `/demo/items/${item}/notes`, headers, body: `{"text":"${id}"}` };
    void this.note('post', call).then((told) => (sent.told = told));
  }

  private begin(what: Ended['what'], path: string): void {
    void this.note(what, { method: 'GET', path, headers: {} });
  }

  private async note(what: Ended['what'], call: Call): Promise<Told> {
    const beganAt = Date.now();
    this.open += 1;
    const told = await this.call(call);
    this.open -= 1;
    this.ended.push({ what, path: call.path, beganAt, endedAt: Date.now(), told });
    return told;
  }
}

function every(perSecond: number, act: () => void): NodeJS.Timeout {
  return perSecond === 0 ? setTimeout(() => undefined, 0) : setInterval(act, 1_000 / perSecond);
}

export function wasHit({ told }: Ended): boolean {
  return told.kind === 'answered' && told.status === 200 && told.cache !== 'miss';
}

export function statusOf({ told }: Ended): number {
  return told.kind === 'answered' ? told.status : 0;
}

/** How often each error was told. */
export function errorsOf(ended: readonly Ended[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { told } of ended) {
    const name = errorName(told);
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Each POST was seen once, or not at all and its client knows, or once or never and its client knows that it cannot know. */
export function postsGoneWrong(users: Users, seen: Record<string, { seen: number }>): PostTally['wrong'] {
  const tally = tallyPosts(users.posts, seen);
  return wrongPosts(tally) === 0 ? [] : tally.wrong;
}
