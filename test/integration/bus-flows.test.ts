import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createHolderCalls,
  openDesk,
  passOn,
  takeFlowing,
  type AskOptions,
  type AskOutcome,
  type Bus,
  type DeskAnswer,
  type DeskHandler,
  type FlowingBody,
  type HolderCalls,
  type HolderDesk,
} from '#bus';
import { CHUNK_BYTES, encodeFrame, type CallMessage } from '#contracts';
import { systemClock } from '#runtime';
import { startNats, type RealServer } from '../support/real-servers.js';
import { natsVersions, TestBuses } from '../support/test-bus.js';

const NOTHING = new Uint8Array();
const MIB = 1024 * 1024;
/** One was read, eight more may be on their way, and the next is at hand. */
const MOST_ON_THE_WAY = 10;
const versions = await natsVersions();

/** A body whose pieces the test hands out. */
class HandedOut implements FlowingBody {
  readonly bytes = null;
  given = 0;
  dropped = false;
  private touched = false;
  private failing: (error: Error) => void = () => undefined;
  private readonly fails = new Promise<never>((_, reject) => (this.failing = reject));

  constructor(
    private readonly pieces: readonly Uint8Array[],
    private readonly after: 'ends' | 'waits' | 'fails',
  ) {
    this.fails.catch(() => undefined);
  }

  isTouched(): boolean {
    return this.touched;
  }

  async *read(): AsyncGenerator<Uint8Array> {
    this.touched = true;
    for (const piece of this.pieces) {
      this.given += 1;
      yield piece;
    }
    if (this.after === 'fails') throw new Error('the source broke off');
    if (this.after === 'waits') await this.fails;
  }

  drop(): void {
    this.dropped = true;
    this.failing(new Error('dropped'));
  }
}

async function bytesOf(body: FlowingBody): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body.read()) parts.push(part);
  return Buffer.concat(parts);
}

describe.each(versions)('bodies that flow on the %s server', (version) => {
  let server: RealServer;
  let buses: TestBuses;
  let giver: Bus;
  let taker: Bus;
  let calls: HolderCalls;
  let desks: HolderDesk[] = [];
  let upstream: string;
  let upstreams = 0;

  beforeAll(async () => {
    server = await startNats({ version });
    buses = new TestBuses({ url: server.url, namespace: 'flows' });
  });
  beforeEach(async () => {
    [giver, taker] = await Promise.all([buses.open(), buses.open()]);
    calls = createHolderCalls({ bus: taker, clock: systemClock, identity: 'test' });
    upstream = `u${(upstreams += 1)}`;
  });
  afterEach(async () => {
    calls.close();
    for (const desk of desks.splice(0)) await desk.close();
    desks = [];
    await buses.closeAll();
  });
  afterAll(() => server.stop());

  async function passed(body: FlowingBody, untakenMs = 5_000): Promise<ReturnType<typeof passOn>> {
    const passedOn = passOn({ bus: giver, body, untakenMs });
    await giver.nc.flush();
    return passedOn;
  }

  it('pieces of any size arrive as they were, and both sides know the end', async () => {
    const pieces = [1, CHUNK_BYTES, 3 * CHUNK_BYTES + 1, 7].map((size) => randomBytes(size));
    const { ref, done } = await passed(new HandedOut(pieces, 'ends'));
    expect((await bytesOf(takeFlowing(taker, ref))).equals(Buffer.concat(pieces))).toBe(true);
    expect(await done).toBe('taken');
  });

  it('the source is read no faster than the credits of the reader allow', async () => {
    const source = new HandedOut(
      Array.from({ length: 40 }, () => randomBytes(1_000)),
      'ends',
    );
    const { ref } = await passed(source);
    const reading = takeFlowing(taker, ref).read()[Symbol.asyncIterator]();
    await reading.next();
    // Two seconds of credits said anew.
    const untilMs = performance.now() + 2_100;
    await vi.waitUntil(() => performance.now() > untilMs, { timeout: 3_000 });
    expect(source.given).toBe(MOST_ON_THE_WAY);
    await reading.return?.();
  });

  it('a source that breaks off is no end: the reader throws', async () => {
    const { ref, done } = await passed(new HandedOut([randomBytes(10)], 'fails'));
    await expect(bytesOf(takeFlowing(taker, ref))).rejects.toMatchObject({ code: 'body_aborted' });
    expect(await done).toBe('broken');
  });

  it('a reader that leaves while the source has nothing to give drops the source at once', async () => {
    const source = new HandedOut([randomBytes(10)], 'waits');
    const { ref, done } = await passed(source);
    const body = takeFlowing(taker, ref);
    const reading = body.read()[Symbol.asyncIterator]();
    await reading.next();
    body.drop();
    await vi.waitFor(() => expect(source.dropped).toBe(true), { timeout: 500 });
    expect(await done).toBe('broken');
    await expect(reading.next()).rejects.toMatchObject({ code: 'body_aborted' });
  });

  it('a body that nobody reads, and one that is refused unread, drop their sources', async () => {
    const [unread, refused] = [new HandedOut([NOTHING], 'waits'), new HandedOut([NOTHING], 'waits')];
    const never = await passed(unread, 100);
    const { ref } = await passed(refused, 20_000);
    takeFlowing(taker, ref).drop();
    expect(await never.done).toBe('untaken');
    await vi.waitFor(() => expect([unread.dropped, refused.dropped]).toEqual([true, true]), { timeout: 500 });
  });

  it('a reader that dies is noticed by its silence, also while the source has nothing to give', async () => {
    const source = new HandedOut([randomBytes(10)], 'waits');
    const { ref } = await passed(source);
    giver.nc.publish(giver.subjects.bodyCredit(ref.id), encodeFrame({ kind: 'credit', upTo: 8 }, NOTHING));
    await vi.waitFor(() => expect(source.isTouched()).toBe(true));
    await vi.waitFor(() => expect(source.dropped).toBe(true), { timeout: 8_000, interval: 50 });
  });

  const lease = (fence: number): Promise<number> =>
    giver.leases.put(`upstream.${upstream}`, JSON.stringify({ holder: `h${fence}`, session: 's', fence, at: '' }));

  const sit = (fence: number, handler: DeskHandler): void =>
    void desks.push(openDesk({ bus: giver, upstream, fence, handler }));

  const answered = (flow?: FlowingBody): DeskAnswer => ({
    reply: {
      ...{ kind: 'answered', status: 200, upstreamStatus: 200, fields: [], version: { fence: 1, send: 1 } },
      ...{ requestedAt: 0, receivedAt: 0, entry: null, from: 'upstream', collapsed: false, bodyStream: null },
    },
    body: NOTHING,
    flow,
  });

  function ask(options: Partial<AskOptions>): Promise<AskOutcome> {
    const message: CallMessage = {
      ...{ id: `call-${upstream}`, at: '2026-01-01T00:00:00.000Z', cause: 'test', traceparent: '' },
      ...{ upstream, path: '/x', key: 'k', urlHash: 'h', partition: 'shared', variant: '' },
      ...{ kind: 'call', lane: 'now', method: 'PUT', fields: [], have: null, validators: [], purpose: 'write' },
      ...{ mayStore: false, hasIdempotencyKey: false, waitLeftMs: 5_000, bodyStream: null, configVersion: 1 },
    };
    return calls.ask(message, NOTHING, { repeatable: false, deadlineMs: 8_000, ...options });
  }

  it('an upload is taken when its holder reads it, and an answer flows back', async () => {
    await lease(1);
    const back = [randomBytes(2 * MIB), randomBytes(5)];
    let got = NOTHING as Uint8Array;
    sit(1, async (_, __, upload) => {
      if (upload === undefined) throw new Error('expected an upload');
      got = await bytesOf(upload);
      return answered(new HandedOut(back, 'ends'));
    });
    const there = [randomBytes(2 * MIB), randomBytes(5)];
    const outcome = await ask({ upload: new HandedOut(there, 'ends') });
    expect(Buffer.concat(there).equals(got)).toBe(true);
    if (outcome.kind !== 'replied' || outcome.flow === undefined) throw new Error(`found ${JSON.stringify(outcome)}`);
    expect((await bytesOf(outcome.flow)).equals(Buffer.concat(back))).toBe(true);
  });

  it('an upload that a holder gave back untouched goes to the next, whole', async () => {
    await lease(1);
    const there = [randomBytes(MIB)];
    sit(1, async () => {
      await lease(2);
      return { reply: { kind: 'not-holder' }, body: NOTHING };
    });
    let got = NOTHING as Uint8Array;
    sit(2, async (_, __, upload) => {
      if (upload !== undefined) got = await bytesOf(upload);
      return answered();
    });
    expect(await ask({ upload: new HandedOut(there, 'ends') })).toMatchObject({ kind: 'replied' });
    expect(Buffer.concat(there).equals(got)).toBe(true);
  });

  it('one that a holder had begun to take and gave back is told as not sent', async () => {
    await lease(1);
    sit(1, async (_, __, upload) => {
      await upload?.read()[Symbol.asyncIterator]().next();
      return { reply: { kind: 'not-holder' }, body: NOTHING };
    });
    const outcome = await ask({ upload: new HandedOut([randomBytes(10)], 'waits') });
    expect(outcome).toMatchObject({ kind: 'not-sent', code: 'holder_away' });
  });

  it('while an upload flows the deadline moves on', async () => {
    await lease(1);
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 6; n += 1) {
        yield randomBytes(10);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
    const upload: FlowingBody = { bytes: 60, isTouched: () => false, read: slowly, drop: () => undefined };
    sit(1, async (_, __, body) => {
      if (body !== undefined) await bytesOf(body);
      return answered();
    });
    expect(await ask({ upload, deadlineMs: 700 })).toMatchObject({ kind: 'replied' });
  });
});
