import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createHolderCalls,
  openDesk,
  type AskOptions,
  type AskOutcome,
  type Bus,
  type DeskAnswer,
  type HolderCalls,
  type HolderDesk,
} from '#bus';
import { decodeFrame, type CallMessage, type CallReply, type HolderRequest } from '#contracts';
import { systemClock } from '#runtime';
import { startNats, type RealServer } from '../support/real-servers.js';
import { natsVersions, TestBuses } from '../support/test-bus.js';

const NOTHING = new Uint8Array();
const versions = await natsVersions();

describe.each(versions)('calls to the holder on the %s server', (version) => {
  let server: RealServer;
  let buses: TestBuses;
  let asking: Bus;
  let holding: Bus;
  let calls: HolderCalls;
  let upstream: string;
  let upstreams = 0;
  let desks: Desk[] = [];

  beforeAll(async () => {
    server = await startNats({ version });
    buses = new TestBuses({ url: server.url, namespace: 'calls' });
  });
  beforeEach(async () => {
    [asking, holding] = await Promise.all([buses.open(), buses.open()]);
    calls = createHolderCalls({ bus: asking, clock: systemClock, identity: 'test' });
    upstream = `u${(upstreams += 1)}`;
  });
  afterEach(async () => {
    calls.close();
    for (const { finish } of desks) finish();
    desks = [];
    await buses.closeAll();
  });
  afterAll(() => server.stop());

  /** Says who holds the upstream; nobody renews it, so it lasts for the ttl of 3 s. */
  const lease = (fence: number): Promise<number> =>
    holding.leases.put(`upstream.${upstream}`, JSON.stringify({ holder: `h${fence}`, session: 's', fence, at: '' }));

  const answered = (from: number, body: Uint8Array = NOTHING): DeskAnswer => ({
    reply: {
      kind: 'answered',
      status: 200,
      upstreamStatus: 200,
      fields: [],
      version: { fence: from, send: 1 },
      requestedAt: 0,
      receivedAt: 0,
      entry: null,
      from: 'upstream',
      collapsed: false,
      bodyStream: null,
    },
    body,
  });

  interface Desk {
    readonly desk: HolderDesk;
    readonly heard: { request: HolderRequest; body: Uint8Array }[];
    readonly calls: () => CallMessage[];
    /** Answers all calls that wait. */
    readonly finish: (answer?: DeskAnswer) => void;
  }

  type Reaction = 'answer' | 'wait' | DeskAnswer;

  function sit(fence: number, react: { call: Reaction; cancel?: CallReply }): Desk {
    const heard: Desk['heard'] = [];
    const waiting: ((answer: DeskAnswer) => void)[] = [];
    const desk = openDesk({
      bus: holding,
      upstream,
      fence,
      handler: (request, body): Promise<DeskAnswer> => {
        heard.push({ request, body });
        const wait = new Promise<DeskAnswer>((resolve) => waiting.push(resolve));
        if (request.kind === 'mark')
          return Promise.resolve({ reply: { kind: 'marked', before: { fence, send: 9 } }, body: NOTHING });
        if (request.kind === 'cancel')
          return react.cancel === undefined ? wait : Promise.resolve({ reply: react.cancel, body: NOTHING });
        if (react.call === 'wait') return wait;
        return Promise.resolve(react.call === 'answer' ? answered(fence, body) : react.call);
      },
    });
    const finish = (answer = answered(fence)): void => waiting.splice(0).forEach((resolve) => resolve(answer));
    const callsHeard = (): CallMessage[] => heard.flatMap(({ request }) => (request.kind === 'call' ? [request] : []));
    const made: Desk = { desk, heard, calls: callsHeard, finish };
    desks.push(made);
    return made;
  }

  let ids = 0;
  const envelope = (): { id: string; at: string; cause: string; traceparent: string } => ({
    id: `call-${(ids += 1)}`,
    at: '2026-01-01T00:00:00.000Z',
    cause: 'test',
    traceparent: '',
  });
  const resource = () => ({ upstream, path: '/x', key: 'k', urlHash: 'h', partition: 'shared', variant: '' });
  const call = (more: Partial<CallMessage> = {}): CallMessage => ({
    ...envelope(),
    ...resource(),
    kind: 'call',
    lane: 'now',
    method: 'GET',
    fields: [],
    have: null,
    validators: [],
    purpose: 'read',
    mayStore: true,
    hasIdempotencyKey: false,
    waitLeftMs: 5_000,
    bodyStream: null,
    configVersion: 1,
    ...more,
  });
  const ask = (message: CallMessage, options: Partial<AskOptions> & { body?: Uint8Array } = {}): Promise<AskOutcome> =>
    calls.ask(message, options.body ?? NOTHING, { repeatable: true, deadlineMs: 8_000, ...options });
  const write = (message: CallMessage, options: Partial<AskOptions> = {}): Promise<AskOutcome> =>
    ask(message, { repeatable: false, ...options });
  const version1 = (fence: number): object => ({ kind: 'replied', reply: { version: { fence } } });

  it('a call is answered by the holder, body and all', async () => {
    await lease(1);
    sit(1, { call: 'answer' });
    const outcome = await ask(call(), { body: new Uint8Array([1, 2, 3]) });
    expect(outcome).toMatchObject(version1(1));
    expect(outcome.kind === 'replied' && [...outcome.body]).toEqual([1, 2, 3]);
  });

  it('bodies of 8 MiB go both ways byte for byte', async () => {
    await lease(1);
    const desk = sit(1, { call: 'answer' });
    const body = randomBytes(8 * 1024 * 1024);
    const outcome = await ask(call({ method: 'PUT' }), { body });
    expect(outcome).toMatchObject(version1(1));
    expect(outcome.kind === 'replied' && body.equals(outcome.body)).toBe(true);
    expect(desk.calls()).toHaveLength(1);
  });

  it('a call waits for a holder to come', async () => {
    const asked = ask(call());
    sit(3, { call: 'answer' });
    await lease(3);
    expect(await asked).toMatchObject(version1(3));
  });

  it('without a holder a call is told, when its wait is over, that it was not sent', async () => {
    const startedAtMs = performance.now();
    expect(await ask(call({ waitLeftMs: 400 }))).toMatchObject({ kind: 'not-sent', code: 'holder_away' });
    expect(performance.now() - startedAtMs).toBeGreaterThan(390);
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  });

  it('"no responders" is not sent: a write goes once to the desk that opens later', async () => {
    await lease(1);
    const asked = write(call({ method: 'POST' }));
    await vi.waitFor(() => expect(calls.fenceOf(upstream)).toBe(1));
    const desk = sit(1, { call: 'answer' });
    expect(await asked).toMatchObject(version1(1));
    expect(desk.calls()).toHaveLength(1);
  });

  it('a repeatable call is asked again with its id and less time when the lease moves', async () => {
    await lease(1);
    const before = sit(1, { call: 'wait' });
    const after = sit(2, { call: 'answer' });
    const asked = ask(call());
    await vi.waitFor(() => expect(before.calls()).toHaveLength(1));
    await lease(2);
    expect(await asked).toMatchObject(version1(2));
    expect(after.calls()[0]!.id).toBe(before.calls()[0]!.id);
    expect(after.calls()[0]!.waitLeftMs).toBeLessThan(before.calls()[0]!.waitLeftMs);
  });

  it('the old holder may still answer what the new one was asked too', async () => {
    await lease(1);
    const before = sit(1, { call: 'wait' });
    const after = sit(2, { call: 'wait' });
    const asked = ask(call());
    await vi.waitFor(() => expect(before.calls()).toHaveLength(1));
    await lease(2);
    await vi.waitFor(() => expect(after.calls()).toHaveLength(1));
    before.finish();
    expect(await asked).toMatchObject(version1(1));
  });

  it('a write that its holder has cancelled goes to the next holder, once', async () => {
    await lease(1);
    const before = sit(1, { call: 'wait', cancel: { kind: 'cancelled' } });
    const after = sit(2, { call: 'answer' });
    const asked = write(call({ method: 'POST' }));
    await vi.waitFor(() => expect(before.calls()).toHaveLength(1));
    await lease(2);
    expect(await asked).toMatchObject(version1(2));
    expect(before.heard.at(-1)?.request).toMatchObject({ kind: 'cancel', callId: before.calls()[0]!.id });
    expect(after.calls()).toHaveLength(1);
  });

  it('a write that was sent waits for its answer, whoever holds the lease now', async () => {
    await lease(1);
    const before = sit(1, { call: 'wait', cancel: { kind: 'sent' } });
    const after = sit(2, { call: 'answer' });
    const asked = write(call({ method: 'POST' }));
    await vi.waitFor(() => expect(before.calls()).toHaveLength(1));
    await lease(2);
    await vi.waitFor(() => expect(before.heard).toHaveLength(2));
    before.finish();
    expect(await asked).toMatchObject(version1(1));
    expect(after.calls()).toHaveLength(0);
  });

  it('a write whose holder is gone and silent has an unknown outcome, and is sent to nobody else', async () => {
    await lease(1);
    const before = sit(1, { call: 'wait' });
    const after = sit(2, { call: 'answer' });
    const asked = write(call({ method: 'POST' }));
    await vi.waitFor(() => expect(before.calls()).toHaveLength(1));
    await lease(2);
    expect(await asked).toMatchObject({ kind: 'unknown', code: 'holder_away' });
    expect(after.calls()).toHaveLength(0);
  });

  it('a write whose lease ran out with nobody to take it has an unknown outcome too', async () => {
    await lease(1);
    const before = sit(1, { call: 'wait' });
    const asked = write(call({ method: 'POST' }));
    await vi.waitFor(() => expect(before.calls()).toHaveLength(1));
    expect(await asked).toMatchObject({ kind: 'unknown', code: 'holder_away' });
  });

  it('a desk that closes sends new calls away and still answers those it has', async () => {
    await lease(1);
    const before = sit(1, { call: 'wait', cancel: { kind: 'sent' } });
    const first = write(call({ method: 'POST' }));
    await vi.waitFor(() => expect(before.calls()).toHaveLength(1));
    const closed = before.desk.close();
    const second = write(call({ method: 'POST' }));
    const after = sit(2, { call: 'answer' });
    await lease(2);
    expect(await second).toMatchObject(version1(2));
    before.finish();
    expect(await first).toMatchObject(version1(1));
    await closed;
    expect([before.calls().length, after.calls().length]).toEqual([1, 1]);
  });

  it('at its deadline a call is cancelled, and the verdict says whether it may have been sent', async () => {
    await lease(1);
    sit(1, { call: 'wait', cancel: { kind: 'cancelled' } });
    expect(await write(call(), { deadlineMs: 100 })).toMatchObject({ kind: 'not-sent', code: 'not_sent_in_time' });
    await lease(2);
    sit(2, { call: 'wait', cancel: { kind: 'sent' } });
    await vi.waitFor(() => expect(calls.fenceOf(upstream)).toBe(2));
    expect(await write(call(), { deadlineMs: 100 })).toMatchObject({ kind: 'unknown', code: 'response_timeout' });
  });

  it('a client that leaves cancels its call', async () => {
    await lease(1);
    const desk = sit(1, { call: 'wait', cancel: { kind: 'cancelled' } });
    const leaving = new AbortController();
    const asked = ask(call(), { signal: leaving.signal });
    await vi.waitFor(() => expect(desk.calls()).toHaveLength(1));
    leaving.abort();
    expect(await asked).toMatchObject({ kind: 'not-sent', code: 'cancelled' });
    expect(desk.heard.at(-1)?.request.kind).toBe('cancel');
  });

  it('cancel ends a wait only where the holder says so', async () => {
    await lease(1);
    const message = call();
    const desk = sit(1, { call: 'wait', cancel: { kind: 'cancelled' } });
    const asked = ask(message);
    await vi.waitFor(() => expect(desk.calls()).toHaveLength(1));
    expect(await calls.cancel(message.id)).toBe('cancelled');
    expect(await asked).toMatchObject({ kind: 'not-sent', code: 'cancelled' });
    expect(await calls.cancel(message.id)).toBe('unknown-call');
  });

  it('cancel of a call that was sent, or of which nothing is heard, lets it wait on', async () => {
    for (const [fence, cancel, verdict] of [
      [1, { kind: 'sent' }, 'sent'],
      [2, undefined, 'no-reply'],
    ] as const) {
      await lease(fence);
      const desk = sit(fence, { call: 'wait', ...(cancel === undefined ? {} : { cancel }) });
      await vi.waitFor(() => expect(calls.fenceOf(upstream)).toBe(fence));
      const message = call();
      const asked = ask(message);
      await vi.waitFor(() => expect(desk.calls()).toHaveLength(1));
      expect(await calls.cancel(message.id)).toBe(verdict);
      desk.finish();
      expect(await asked).toMatchObject(version1(fence));
    }
  });

  it('cancel of a call that still looks for a holder needs no holder', async () => {
    const message = call();
    const asked = ask(message);
    expect(await calls.cancel(message.id)).toBe('cancelled');
    expect(await asked).toMatchObject({ kind: 'not-sent', code: 'cancelled' });
  });

  it("a write's URL is marked by whoever holds the lease", async () => {
    await lease(4);
    sit(4, { call: 'wait' });
    const outcome = await calls.mark({ ...envelope(), ...resource(), kind: 'mark' }, 1_000);
    expect(outcome).toEqual({ kind: 'marked', before: { fence: 4, send: 9 } });
    upstream = `${upstream}-gone`;
    const none = await calls.mark({ ...envelope(), ...resource(), kind: 'mark' }, 300);
    expect(none.kind).toBe('not-marked');
  });

  it('what is no request is answered as failed, and the desk goes on', async () => {
    await lease(1);
    const desk = sit(1, { call: 'answer' });
    await holding.nc.flush();
    const subject = asking.subjects.call(upstream, 1);
    for (const malformed of [new Uint8Array([1]), new TextEncoder().encode('\0\0\0\x02{}')]) {
      const answer = await asking.nc.request(subject, malformed, { timeout: 1_000 });
      expect(decodeFrame<CallReply>(answer.data).head).toMatchObject({ kind: 'failed', sent: false });
    }
    expect(desk.heard).toHaveLength(0);
    expect(await ask(call())).toMatchObject(version1(1));
  });

  it('a handler that throws is answered as failed', async () => {
    await lease(1);
    const desk = openDesk({ bus: holding, upstream, fence: 1, handler: () => Promise.reject(new Error('broken')) });
    expect(await ask(call())).toMatchObject({ kind: 'replied', reply: { kind: 'failed', code: 'internal' } });
    await desk.close();
  });

  it('after a lost connection a read is asked again, and a sent write goes on waiting', async () => {
    await lease(1);
    const desk = sit(1, { call: 'wait', cancel: { kind: 'sent' } });
    const read = ask(call());
    const written = write(call({ method: 'POST' }));
    await vi.waitFor(() => expect(desk.calls()).toHaveLength(2));
    await asking.nc.reconnect();
    await vi.waitFor(() => expect(desk.heard.length).toBeGreaterThanOrEqual(4), { timeout: 3_000 });
    desk.finish();
    expect(await read).toMatchObject(version1(1));
    expect(await written).toMatchObject(version1(1));
    const [first, second] = desk.calls();
    const again = desk.calls().slice(2);
    expect(again.map(({ id }) => id)).toEqual(
      [first, second].filter((sent) => sent!.method === 'GET').map((sent) => sent!.id),
    );
  });

  it('without the server a call is told soon that it was not sent', async () => {
    await server.halt();
    await vi.waitFor(() => expect(asking.connected()).toBe(false), { timeout: 3_000 });
    const startedAtMs = performance.now();
    expect(await ask(call())).toMatchObject({ kind: 'not-sent', code: 'bus_away' });
    expect(performance.now() - startedAtMs).toBeLessThan(1_500);
    await server.restart();
    await vi.waitFor(() => expect(asking.connected() && holding.connected()).toBe(true), { timeout: 5_000 });
  });
});
