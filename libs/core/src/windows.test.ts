import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWindows, type WindowLimit } from './windows.js';

const START_MS = 1_700_000_000_000;

/** The most arrivals in any window of `perMs`, wherever it begins: covers every fixed alignment and the sliding window. */
function mostWithin(arrivals: readonly number[], perMs: number): number {
  const sorted = arrivals.toSorted((a, b) => a - b);
  let most = 0;
  let from = 0;
  for (let to = 0; to < sorted.length; to += 1) {
    while ((sorted[to] ?? 0) - (sorted[from] ?? 0) >= perMs) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

interface Step {
  readonly idleMs: number;
  readonly wanted: number;
  readonly transit: number;
}

const step = fc.record({
  idleMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000 }), fc.constant(-1)),
  wanted: fc.integer({ min: 1, max: 30 }),
  transit: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** Sends greedily; idleMs −1 waits for the very instant that the windows name. Answers the times of arrival. */
function arrivalsOf(limits: readonly WindowLimit[], spreadMs: number, steps: readonly Step[]): number[] {
  const windows = createWindows(limits, { spreadMs });
  const arrivals: number[] = [];
  let nowMs = START_MS;
  for (const { idleMs, wanted, transit } of steps) {
    nowMs = idleMs < 0 ? Math.ceil(windows.nextAvailableAt(nowMs)) : nowMs + idleMs;
    for (let i = 0; i < wanted && windows.take(nowMs); i += 1) {
      arrivals.push(nowMs + Math.floor(((transit * 7919 * (i + 1)) % 1) * spreadMs));
    }
  }
  return arrivals;
}

describe('windows', () => {
  it('never let more than the limit arrive in any window, fixed or sliding, whatever the way takes', () => {
    const limit = fc.oneof(
      fc.record({ limit: fc.integer({ min: 1, max: 40 }), perMs: fc.constantFrom(100, 1_000, 2_000) }),
      fc.record({ limit: fc.integer({ min: 1, max: 400 }), perMs: fc.constantFrom(2_500, 10_000, 60_000) }),
      fc.record({ limit: fc.integer({ min: 1, max: 200 }), perMs: fc.constantFrom(3_600_000) }),
    );
    const limits = fc.array(limit, { minLength: 1, maxLength: 3 });
    const steps = fc.array(step, { minLength: 20, maxLength: 200 });
    fc.assert(
      fc.property(limits, fc.integer({ min: 0, max: 300 }), steps, (wanted, spreadMs, history) => {
        const arrivals = arrivalsOf(wanted, spreadMs, history);
        for (const { limit: most, perMs } of wanted) expect(mostWithin(arrivals, perMs)).toBeLessThanOrEqual(most);
      }),
      { numRuns: 300 },
    );
  });

  it('the time that nextAvailableAt names is one at which a token can be had', () => {
    const limits = [
      { limit: 5, perMs: 1_000 },
      { limit: 100, perMs: 10_000 },
    ];
    const windows = createWindows(limits, { spreadMs: 20 });
    let nowMs = START_MS;
    for (let sent = 0; sent < 500; sent += 1) {
      nowMs = windows.nextAvailableAt(nowMs);
      expect(windows.take(nowMs)).toBe(true);
    }
    expect(nowMs - START_MS).toBeGreaterThan(499 * 100);
  });

  it('a short window gives all of its limit, and the next when the first has left it', () => {
    const windows = createWindows([{ limit: 700, perMs: 1_000 }], { spreadMs: 50 });
    let sent = 0;
    while (windows.take(START_MS)) sent += 1;
    expect(sent).toBe(700);
    expect(windows.available(START_MS + 1_049)).toBe(0);
    expect(windows.available(START_MS + 1_050)).toBe(700);
  });

  it('a middle window holds under full load, though the first calls are slow on their way and the last are fast', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 21, max: 400 }),
        fc.integer({ min: 0, max: 3_000 }),
        fc.nat(70_000),
        (limit, spreadMs, turnMs) => {
          const windows = createWindows([{ limit, perMs: 60_000 }], { spreadMs });
          const arrivals: number[] = [];
          for (
            let nowMs = START_MS + 1;
            nowMs < START_MS + 140_000;
            nowMs = Math.ceil(windows.nextAvailableAt(nowMs))
          ) {
            const slow = nowMs - START_MS < turnMs;
            while (windows.take(nowMs)) arrivals.push(nowMs + (slow ? spreadMs : 0));
          }
          expect(mostWithin(arrivals, 60_000)).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  it('a middle window sustains 97 % of its limit', () => {
    const windows = createWindows([{ limit: 3_000, perMs: 60_000 }], { spreadMs: 50 });
    expect(windows.sustainedPerSecond(START_MS) * 60).toBeGreaterThan(0.97 * 3_000);
  });

  it('is all or nothing: a refused take burns no token in the other windows', () => {
    const windows = createWindows(
      [
        { limit: 1, perMs: 1_000 },
        { limit: 2, perMs: 60_000 },
      ],
      { spreadMs: 0 },
    );
    expect(windows.take(START_MS)).toBe(true);
    for (let i = 0; i < 10; i += 1) expect(windows.take(START_MS)).toBe(false);
    expect(windows.take(START_MS + 1_000)).toBe(true);
    expect(windows.take(START_MS + 2_000)).toBe(false);
  });

  it('a cost above the limit never fits, and is not waited for in vain', () => {
    const windows = createWindows([{ limit: 3, perMs: 1_000 }], { spreadMs: 0 });
    expect(windows.take(START_MS, 4)).toBe(false);
    expect(windows.nextAvailableAt(START_MS, 4)).toBe(Infinity);
    expect(windows.nextAvailableAt(START_MS, 3)).toBe(START_MS);
  });

  it('a take-over that assumes the worst exceeds nothing, whatever the predecessor sent', () => {
    fc.assert(
      fc.property(fc.constantFrom(1_000, 10_000), fc.array(step, { maxLength: 60 }), (perMs, history) => {
        const limits = [{ limit: 50, perMs }];
        const before = createWindows(limits, { spreadMs: 0 });
        const sends: number[] = [];
        let nowMs = START_MS;
        const after = createWindows(limits, { spreadMs: 0 });
        for (const [i, { idleMs, wanted }] of history.entries()) {
          nowMs += Math.max(0, idleMs);
          if (i === 30) after.restore([], { clean: false, savedAtMs: undefined, shiftMs: 0 }, nowMs);
          const holder = i < 30 ? before : after;
          for (let n = 0; n < wanted && holder.take(nowMs); n += 1) sends.push(nowMs);
        }
        expect(mostWithin(sends, perMs)).toBeLessThanOrEqual(50);
      }),
    );
  });

  it('a clean hand-over continues the count, shifted to the new clock', () => {
    const limits = [
      { limit: 10, perMs: 1_000 },
      { limit: 100, perMs: 60_000 },
      { limit: 50, perMs: 3_600_000 },
    ];
    const before = createWindows(limits, { spreadMs: 0 });
    for (let i = 0; i < 2; i += 1) before.take(START_MS);
    const record: unknown = JSON.parse(JSON.stringify(before.snapshot(START_MS)));
    const after = createWindows(limits, { spreadMs: 0 });
    const shiftMs = 5_000_000;
    after.restore(record as [], { clean: true, savedAtMs: START_MS, shiftMs }, START_MS + shiftMs);
    expect(after.available(START_MS + shiftMs)).toBe(0);
    expect(after.snapshot(START_MS + shiftMs)[2]).toMatchObject({ spent: 2, sends: [[expect.any(Number), 2]] });
  });

  it('a day is not lost to a take-over: what may be unreported is added to its count', () => {
    const limits = [
      { limit: 10, perMs: 1_000 },
      { limit: 100_000, perMs: 86_400_000 },
    ];
    const before = createWindows(limits, { spreadMs: 0 });
    before.take(START_MS);
    const after = createWindows(limits, { spreadMs: 0 });
    const how = { clean: false, savedAtMs: START_MS, shiftMs: 0 };
    after.restore(before.snapshot(START_MS), how, START_MS + 3_000);
    expect(after.snapshot(START_MS + 3_000)[1]).toMatchObject({ spent: 1 + 40 });
    expect(after.available(START_MS + 4_000)).toBe(10);
  });

  it('a long window paces the background to its reset and leaves lane now the rest', () => {
    const windows = createWindows([{ limit: 24_000, perMs: 86_400_000 }], { spreadMs: 0, reserveShare: 0.2 });
    const nothing = { tokens: 0, share: 0 };
    let background = 0;
    for (let second = 0; second < 3_600; second += 1) {
      const nowMs = START_MS + second * 1_000;
      while (windows.availableBeyond(nothing, nowMs) && windows.take(nowMs, 1, true)) background += 1;
    }
    expect(background).toBeGreaterThan(700);
    expect(background).toBeLessThan(1_000);
    expect(windows.available(START_MS + 3_600_000)).toBe(24_000 - background);
  });

  it('the reserve stays for lane now, and one token per interval with the background', () => {
    const windows = createWindows([{ limit: 10, perMs: 1_000 }], { spreadMs: 0 });
    const sent = (reserve: { tokens: number; share: number }, nowMs: number): number => {
      let count = 0;
      while (windows.availableBeyond(reserve, nowMs) && windows.take(nowMs, 1, true)) count += 1;
      return count;
    };
    expect(sent({ tokens: 5, share: 0.2 }, START_MS)).toBe(8);
    // One of the two stays free; the other may be about to come free.
    expect(windows.nextBeyondAt({ tokens: 5, share: 0.2 }, START_MS)).toBe(START_MS + 940);
    expect(sent({ tokens: 500, share: 1 }, START_MS + 1_000)).toBe(1);
  });
});

describe('a take-over that knows what was not told', () => {
  const oneCall = fc.record({ idleMs: fc.integer({ min: 0, max: 600 }), wanted: fc.integer({ min: 1, max: 30 }) });
  const limits = fc.constantFrom<{ limit: number; perMs: number }[]>(
    [{ limit: 50, perMs: 1_000 }],
    [{ limit: 12, perMs: 10_000 }],
    [
      { limit: 20, perMs: 1_000 },
      { limit: 200, perMs: 60_000 },
    ],
  );

  /** Reports at `reportedAt`, sends more within the block that ends `blockMs` later, and dies; the next goes on `goneMs` after that. */
  it('exceeds nothing, whatever was sent within the block', () => {
    const blockMs = 1_000;
    fc.assert(
      fc.property(limits, fc.array(oneCall, { maxLength: 40 }), fc.integer({ min: 0, max: 39 }), (of, history, at) => {
        const [before, after] = [createWindows(of, { spreadMs: 0 }), createWindows(of, { spreadMs: 0 })];
        const sends: number[] = [];
        const send = (holder: typeof before, nowMs: number, wanted: number): void => {
          for (let n = 0; n < wanted && holder.take(nowMs); n += 1) sends.push(nowMs);
        };
        let nowMs = START_MS;
        let report: { record: unknown; atMs: number; calls: number } | undefined;
        let hasTaken = false;
        for (const [i, { idleMs, wanted }] of history.entries()) {
          nowMs += idleMs;
          if (i === at) report = { record: before.snapshot(nowMs), atMs: nowMs, calls: sends.length };
          if (report === undefined || nowMs < report.atMs + blockMs) send(before, nowMs, wanted);
          else {
            const { record, atMs, calls } = report;
            const unreported = { calls: sends.length - calls, atMs: atMs + blockMs };
            const how = { clean: false, unreported, savedAtMs: atMs, shiftMs: 0 };
            if (!hasTaken) after.restore(JSON.parse(JSON.stringify(record)) as [], how, nowMs);
            hasTaken = true;
            send(after, nowMs, wanted);
          }
        }
        for (const { limit, perMs } of of) expect(mostWithin(sends, perMs)).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 500 },
    );
  });

  it('has its tokens at once where the block lies further back than the window', () => {
    const of = [{ limit: 50, perMs: 1_000 }];
    const before = createWindows(of, { spreadMs: 0 });
    before.take(START_MS, 30);
    const after = createWindows(of, { spreadMs: 0 });
    const unreported = { calls: 40, atMs: START_MS + 1_000 };
    after.restore(
      before.snapshot(START_MS),
      { clean: false, unreported, savedAtMs: START_MS, shiftMs: 0 },
      START_MS + 2_000,
    );
    expect(after.available(START_MS + 1_999)).toBe(10);
    expect(after.available(START_MS + 2_000)).toBe(50);
  });

  it('a day pays for what was not told, once', () => {
    const of = [{ limit: 100_000, perMs: 86_400_000 }];
    const before = createWindows(of, { spreadMs: 0 });
    before.take(START_MS, 5);
    const after = createWindows(of, { spreadMs: 0 });
    const unreported = { calls: 40, atMs: START_MS + 1_000 };
    after.restore(
      before.snapshot(START_MS),
      { clean: false, unreported, savedAtMs: START_MS, shiftMs: 0 },
      START_MS + 9_000,
    );
    expect(after.available(START_MS + 9_000)).toBe(100_000 - 45);
  });

  it('a long window follows the reset that is told: what was sent before it no longer counts after it', () => {
    const windows = createWindows([{ limit: 1_000, perMs: 3_600_000 }], { spreadMs: 0 });
    expect(windows.take(START_MS, 900)).toBe(true);
    windows.align(0, { resetAtMs: START_MS + 60_000, remaining: 100 }, START_MS + 1_000);
    expect(windows.available(START_MS + 59_000)).toBe(100);
    expect(windows.nextAvailableAt(START_MS + 59_000, 500)).toBe(START_MS + 60_000);
    expect(windows.available(START_MS + 60_000)).toBe(1_000);
    const after = createWindows([{ limit: 1_000, perMs: 3_600_000 }], { spreadMs: 0 });
    const record: unknown = JSON.parse(JSON.stringify(windows.snapshot(START_MS + 2_000)));
    after.restore(record as [], { clean: true, savedAtMs: START_MS, shiftMs: 0 }, START_MS + 3_000);
    expect(after.available(START_MS + 60_000)).toBe(1_000);
  });

  it('a dear call fits into a middle window, whose limit holds all the same', () => {
    const windows = createWindows([{ limit: 100, perMs: 10_000 }], { spreadMs: 0 });
    const spent: (readonly [number, number])[] = [];
    for (let nowMs = START_MS; nowMs < START_MS + 60_000; nowMs += 50) {
      const cost = nowMs % 1_000 === 0 ? 30 : 1;
      if (windows.take(nowMs, cost)) spent.push([nowMs, cost]);
    }
    expect(spent.some(([, cost]) => cost === 30)).toBe(true);
    for (const [fromMs] of spent) {
      const within = spent.filter(([atMs]) => atMs >= fromMs && atMs < fromMs + 10_000);
      expect(within.reduce((sum, [, cost]) => sum + cost, 0)).toBeLessThanOrEqual(100);
    }
  });

  it('what a call did not cost is given back to a bucket, and never to an exact log', () => {
    const windows = createWindows([{ limit: 1_000, perMs: 10_000 }], { spreadMs: 0 });
    windows.take(START_MS, 20);
    expect(windows.available(START_MS)).toBe(0);
    windows.refund(START_MS, 15);
    expect(windows.available(START_MS)).toBe(15);
    const exact = createWindows([{ limit: 20, perMs: 1_000 }], { spreadMs: 0 });
    exact.take(START_MS, 20);
    exact.refund(START_MS, 15);
    expect(exact.available(START_MS)).toBe(0);
  });

  it('a call of several tokens leaves with all of them', () => {
    const windows = createWindows([{ limit: 10, perMs: 1_000 }], { spreadMs: 0 });
    windows.take(START_MS, 4);
    windows.left(START_MS + 300, 4);
    expect(windows.available(START_MS + 1_299)).toBe(6);
    expect(windows.available(START_MS + 1_300)).toBe(10);
  });

  it('is lowered at once by what the upstream counts, raised when its window is over, and not before', () => {
    const windows = createWindows([{ limit: 10, perMs: 1_000 }], { spreadMs: 0 });
    windows.lower(0, 2, START_MS + 400, START_MS);
    windows.lower(0, 8, START_MS + 400, START_MS);
    expect(windows.take(START_MS)).toBe(true);
    expect(windows.available(START_MS)).toBe(1);
    expect(windows.nextAvailableAt(START_MS, 2)).toBe(START_MS + 400);
    expect(windows.available(START_MS + 400)).toBe(9);
    windows.lower(0, 0, START_MS + 900, START_MS + 500);
    windows.raise(0);
    expect(windows.available(START_MS + 500)).toBe(9);
  });
});
