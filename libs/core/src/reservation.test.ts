import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_MS, Reservation, type Block, type Place, type ReservationRecord } from './reservation.js';

const T0 = 1_000_000;
const LONGEST_CALL_MS = 5_000;

function reservationOf(concurrency = 16, onWanted?: () => void): Reservation {
  return new Reservation({ concurrency, longestCallMs: LONGEST_CALL_MS, onWanted });
}

/** Asks for what is needed, and is answered at once. */
function renew(reservation: Reservation, nowMs: number): Block | undefined {
  const block = reservation.need(nowMs);
  if (block === undefined) return undefined;
  reservation.asked(block);
  reservation.granted(block);
  return block;
}

/** As many as leave within what is granted. */
function sendAll(reservation: Reservation, nowMs: number, most = 1_000): Place[] {
  const places: Place[] = [];
  while (places.length < most && reservation.allows(nowMs).kind === 'go') places.push(reservation.take());
  for (const place of places) reservation.left(place);
  return places;
}

function open(reservation: Reservation, nowMs: number): void {
  reservation.allows(nowMs);
  renew(reservation, nowMs);
}

describe('a reservation', () => {
  it('lets nothing leave before a block was acknowledged, and says that it wants one', () => {
    let wanted = 0;
    const reservation = reservationOf(16, () => (wanted += 1));
    expect(reservation.need(T0)).toBeUndefined();
    expect(reservation.allows(T0)).toEqual({ kind: 'wait', untilMs: undefined });
    expect(wanted).toBe(1);
    const block = reservation.need(T0);
    if (block === undefined) throw new Error('expected a block to be needed');
    reservation.asked(block);
    expect(reservation.allows(T0).kind).toBe('wait');
    expect(wanted).toBe(1);
    reservation.granted(block);
    expect(reservation.allows(T0).kind).toBe('go');
  });

  it('ends a block a second after it was asked for, whenever it was answered', () => {
    const reservation = reservationOf();
    reservation.allows(T0);
    const block = reservation.need(T0);
    if (block === undefined) throw new Error('expected a block to be needed');
    reservation.asked(block);
    reservation.granted(block);
    expect(reservation.covers(T0 + BLOCK_MS - 1)).toBe(true);
    expect(reservation.covers(T0 + BLOCK_MS)).toBe(false);
    expect(reservation.allows(T0 + BLOCK_MS).kind).toBe('wait');
  });

  it('lets no more leave than the block has, and asks for more each time that it was too small', () => {
    const reservation = reservationOf(1_000);
    open(reservation, T0);
    const sizes: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      sizes.push(sendAll(reservation, T0).length);
      expect(reservation.allows(T0).kind).toBe('wait');
      renew(reservation, T0);
      sizes.push(sendAll(reservation, T0).length);
      renew(reservation, T0);
    }
    expect(sizes[0]).toBeLessThan(10);
    expect(sizes.at(-1)).toBeGreaterThan(60);
  });

  it('asks again well before the block ends while calls flow, at most four times a second, and not at all when idle', () => {
    const reservation = reservationOf();
    open(reservation, T0);
    let asked = 0;
    let waited = 0;
    for (let nowMs = T0; nowMs < T0 + 10_000; nowMs += 10) {
      if (reservation.allows(nowMs).kind === 'wait') waited += 1;
      else reservation.free(reservation.take());
      if (renew(reservation, nowMs) !== undefined) asked += 1;
    }
    expect(waited).toBeLessThan(5);
    expect(asked).toBeLessThanOrEqual(45);
    renew(reservation, T0 + 11_000);
    for (let nowMs = T0 + 11_010; nowMs < T0 + 30_000; nowMs += 10) expect(reservation.need(nowMs)).toBeUndefined();
  });

  it('goes on for three quarters of a block while the store does not answer, then stops until it does', () => {
    const reservation = reservationOf();
    open(reservation, T0);
    let nowMs = T0;
    let lastAskedMs = T0;
    for (; nowMs < T0 + 600; nowMs += 10) {
      sendAll(reservation, nowMs, 1).forEach((place) => reservation.free(place));
      lastAskedMs = renew(reservation, nowMs)?.askedAtMs ?? lastAskedMs;
    }
    expect(reservation.need(lastAskedMs + 250)).toBeDefined();
    for (; nowMs < lastAskedMs + BLOCK_MS; nowMs += 10) {
      const sent = sendAll(reservation, nowMs, 1);
      expect(sent).toHaveLength(1);
      sent.forEach((place) => reservation.free(place));
    }
    expect(sendAll(reservation, nowMs, 1)).toEqual([]);
    renew(reservation, nowMs);
    expect(sendAll(reservation, nowMs, 1)).toHaveLength(1);
  });

  it('keeps the very last slot for the next holder until it is wanted', () => {
    const reservation = reservationOf(8);
    open(reservation, T0);
    for (let i = 0; i < 6; i += 1) {
      sendAll(reservation, T0, 7);
      const block = renew(reservation, T0);
      if (block === undefined) break;
      expect(block.slots).toBeLessThan(8);
      if (block.slots === 7) break;
    }
    sendAll(reservation, T0);
    expect(reservation.allows(T0).kind).toBe('wait');
    expect(renew(reservation, T0)?.slots).toBe(8);
  });

  it('gives the slots of a burst back when it is over, and then asks no more', () => {
    const reservation = reservationOf(32);
    let slots = 0;
    const burst: Place[] = [];
    for (let i = 0; i < 10; i += 1) {
      burst.push(...sendAll(reservation, T0));
      reservation.allows(T0);
      slots = renew(reservation, T0)?.slots ?? slots;
    }
    expect(slots).toBe(32);
    for (const place of burst) reservation.free(place);
    let asked = 0;
    for (let nowMs = T0; nowMs < T0 + 10_000; nowMs += 50) {
      const block = renew(reservation, nowMs);
      slots = block?.slots ?? slots;
      if (block !== undefined) asked += 1;
    }
    expect(slots).toBe(4);
    expect(asked).toBe(1);
  });

  it('is bound by fewer slots from when they are asked for, and by more from their answer', () => {
    const reservation = reservationOf();
    open(reservation, T0);
    const many: Block = { askedAtMs: T0, upTo: 1_000, slots: 10 };
    reservation.asked(many);
    expect(sendAll(reservation, T0, 20)).toHaveLength(4);
    reservation.granted(many);
    const few: Block = { askedAtMs: T0, upTo: 1_000, slots: 6 };
    reservation.asked(few);
    expect(sendAll(reservation, T0, 20)).toHaveLength(2);
  });

  it('a block whose answer was lost gives nothing, and another is asked for', () => {
    const reservation = reservationOf();
    reservation.allows(T0);
    const block = reservation.need(T0);
    if (block === undefined) throw new Error('expected a block to be needed');
    reservation.asked(block);
    reservation.unanswered();
    expect(reservation.allows(T0 + 1).kind).toBe('wait');
    expect(reservation.need(T0 + 1)).toBeDefined();
  });
});

describe('the next holder', () => {
  const takeOver = (record: ReservationRecord | undefined, elapsedMs: number, concurrency = 16): Reservation => {
    const next = reservationOf(concurrency);
    next.restore(record, { elapsedMs, takenAtMs: T0 + elapsedMs }, T0 + elapsedMs);
    return next;
  };

  it('counts all of the block as sent at its end, beyond what was told', () => {
    const before = reservationOf();
    open(before, T0);
    sendAll(before, T0, 3);
    const block: Block = { askedAtMs: T0 + 250, upTo: 40, slots: 5 };
    before.asked(block);
    const record = before.record(block, T0 + 250);
    const next = reservationOf();
    const unreported = next.restore(record, { elapsedMs: 2_500, takenAtMs: T0 + 2_750 }, T0 + 2_750);
    expect(unreported).toEqual({ calls: 37, atMs: T0 + 250 + BLOCK_MS });
  });

  it('counts a call that had its place and was not seen to leave as not told', () => {
    const before = reservationOf();
    open(before, T0);
    before.take();
    const record = before.record(undefined, T0);
    expect(record).toMatchObject({ left: 0, upTo: 1, slots: 1 });
  });

  it('leaves the slots of the block taken for as long as a call can last, then has them', () => {
    const before = reservationOf();
    open(before, T0);
    const block: Block = { askedAtMs: T0, upTo: 40, slots: 12 };
    before.asked(block);
    const next = takeOver(before.record(block, T0), 2_000);
    open(next, T0 + 2_000);
    for (let i = 0; i < 5; i += 1) {
      sendAll(next, T0 + 2_000);
      renew(next, T0 + 2_000);
    }
    const freedAtMs = T0 + BLOCK_MS + LONGEST_CALL_MS;
    expect(next.allows(T0 + 2_000)).toEqual({ kind: 'wait', untilMs: freedAtMs });
    expect(next.record(undefined, T0 + 2_000)).toMatchObject({ slots: 4, owed: [[freedAtMs, 12]] });
    open(next, freedAtMs);
    expect(sendAll(next, freedAtMs).length).toBeGreaterThan(0);
  });

  it('passes on what it was left, on its own clock', () => {
    const record = {
      savedAtMs: T0 - 777_000,
      left: 10,
      upTo: 10,
      slots: 0,
      owed: [[T0 - 777_000 + 4_000, 3]],
    } as const;
    const next = takeOver(record, 1_000);
    expect(next.record(undefined, T0 + 1_000).owed).toEqual([[T0 + 4_000, 3]]);
    expect(next.record(undefined, T0 + 4_000).owed).toEqual([]);
  });

  it('without a record takes every slot to be in use', () => {
    const next = takeOver(undefined, 0);
    expect(next.allows(T0)).toEqual({ kind: 'wait', untilMs: T0 + LONGEST_CALL_MS });
  });
});

/**
 * A holder that sends, asks, is answered late or never, and dies at any moment, its last write stored or not. What the store has then must
 * cover all that left.
 */
describe('whatever a holder did before it died', () => {
  const deed = fc.record({
    afterMs: fc.integer({ min: 0, max: 400 }),
    sends: fc.integer({ min: 0, max: 12 }),
    ends: fc.integer({ min: 0, max: 12 }),
    store: fc.constantFrom('answers', 'answers', 'answers', 'stores', 'loses', 'late'),
  });

  interface Stored {
    readonly record: ReservationRecord;
    readonly atMs: number;
  }

  /** Sends what is let go, each call within what the store has. */
  function sendWithin(
    holder: Reservation,
    open: Place[],
    most: number,
    now: { ms: number; stored: Stored | undefined },
  ) {
    for (let i = 0; i < most && holder.allows(now.ms).kind === 'go'; i += 1) {
      const place = holder.take();
      holder.left(place);
      open.push(place);
      expect(now.ms).toBeLessThan((now.stored?.atMs ?? -Infinity) + BLOCK_MS);
    }
  }

  it('the record that the store has covers every call and every slot', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 80 }), fc.integer({ min: 1, max: 20 }), (deeds, concurrency) => {
        const holder = reservationOf(concurrency);
        const open: Place[] = [];
        let left = 0;
        let nowMs = T0;
        let stored: Stored | undefined;
        let awaited: Block | undefined;
        for (const { afterMs, sends, ends, store } of deeds) {
          nowMs += afterMs;
          if (awaited !== undefined) holder.granted(awaited);
          awaited = undefined;
          for (const place of open.splice(0, ends)) holder.free(place);
          const openBefore = open.length;
          sendWithin(holder, open, sends, { ms: nowMs, stored });
          left += open.length - openBefore;
          if (stored !== undefined && nowMs < stored.atMs + BLOCK_MS) {
            expect(left).toBeLessThanOrEqual(stored.record.upTo);
            expect(open.length).toBeLessThanOrEqual(stored.record.slots);
          }
          const block = holder.need(nowMs);
          if (block === undefined) continue;
          const record = holder.record(block, nowMs);
          holder.asked(block);
          if (store !== 'loses') stored = { record, atMs: nowMs };
          if (store === 'answers') holder.granted(block);
          else if (store === 'late') awaited = block;
          else holder.unanswered();
        }
      }),
      { numRuns: 500 },
    );
  });
});
