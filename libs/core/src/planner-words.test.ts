import { describe, expect, it } from 'vitest';
import { tightestOf, windowShares } from './planner-limits.js';
import { planAtOnce, type PlannerQuestion } from './planner.js';
import { PlannerSheetMaker, type CountedResource } from './planner-sheet.js';
import { planSentences, raiseSentence, sayDuration, sayNumber, sayShare } from './planner-words.js';

function say(
  resources: readonly Partial<CountedResource>[],
  { spend = 'target', rates = [] }: Partial<PlannerQuestion>,
): string {
  const maker = new PlannerSheetMaker(1 / 600);
  for (const resource of resources)
    maker.add({
      ...{ changesPerSecond: 0.01, rateError: 0, isOfItsKind: false, reads: 1, weight: 1, cost: 1 },
      ...{ maxAgeS: 30, isFloor: false, bucket: 0, ...resource },
    });
  return planSentences(planAtOnce(maker.make(), { rates, spend, buckets: [], freshness: [0.9] }), spend).join('\n');
}

const TEN = Array.from({ length: 10 }, () => ({}));

describe('numbers', () => {
  it.each([
    [90_000, '1.5 min'],
    [450, '450 ms'],
    [3_600_000, '1 h'],
    [200_000_000, '2.3 d'],
  ])('a duration of %d ms is said as %s', (ms, said) => expect(sayDuration(ms)).toBe(said));

  it.each([
    [5_308, '5,308'],
    [20.04, '20'],
    [0.0123, '0.012'],
    [0, '0'],
  ])('%d is said as %s', (value, said) => expect(sayNumber(value)).toBe(said));

  it.each([
    [0.8864, '88.6 %'],
    [0.0004, '< 0.1 %'],
    [0, '0.0 %'],
  ])('a share of %d is said as %s', (share, said) => expect(sayShare(share)).toBe(said));
});

describe('a plan in sentences', () => {
  it('compares the rates, and says what the target needs', () => {
    const said = say(TEN, { rates: [0.1, 0.2, 1] });
    expect(said).toMatch(
      /^At 0\.1 \/ 0\.2 \/ 1 calls\/s, [\d.]+ % \/ [\d.]+ % \/ [\d.]+ % of what is served is fresh; its age/,
    );
    expect(said).toMatch(/\nRound robin gives [\d.]+ % \/ [\d.]+ % \/ [\d.]+ % for as many calls, and needs/);
    expect(said).toContain('At 0.1 / 0.2 calls/s, one call/s more adds ');
    expect(said).toContain('A 30 s target for all 10 needs 0.33 calls/s');
    expect(said).toContain('At 1 calls/s every maxAge is kept, which takes 0.33, and no more is spent.');
    expect(said).toMatch(/For 90\.0 % fresh, [\d.]+ calls\/s are needed/);
  });

  it('tells the interval where there is one', () => {
    const said = say(
      TEN.map(() => ({ rateError: 0.5 })),
      { rates: [0.1] },
    );
    expect(said).toMatch(/is fresh \([\d.]+ % to [\d.]+ % with 90 % confidence\)/);
  });

  it('says whose age grows without bound', () => {
    const said = say([...TEN, { changesPerSecond: 10 }], { rates: [0.1] });
    expect(said).toContain('At 0.1 calls/s, 1 of 11 (9.1 % of the reads) are not worth refreshing in the background');
  });

  it('says where floors get less than they ask for', () => {
    const said = say(
      TEN.map(() => ({ maxAgeS: 10, isFloor: true })),
      { rates: [0.5] },
    );
    expect(said).toContain('10 resources have a maxAge of their own');
    expect(said).toContain('At 0.5 calls/s that is more than half the budget');
  });

  it('says that nothing is refreshed without a target', () => {
    const without = TEN.map(() => ({ maxAgeS: Infinity }));
    expect(say(without, { rates: [1] })).toContain('set refresh.maxAge, or spend: all');
    expect(say(without, { rates: [1], spend: 'all' })).toContain('calls go where they are worth most');
    expect(say([], { rates: [1] })).toContain('No resource is planned');
  });

  it('says how much of it was seen', () => {
    const said = say([...TEN, { isOfItsKind: true }, { changesPerSecond: null }], {});
    expect(said).toContain('Of the rates of change 10 were seen, 1 are taken from others of their kind, 1 are assumed');
  });
});

describe('the limit to ask the vendor to raise', () => {
  const windows = windowShares(
    [
      { scope: 'upstream', limit: 100, perMs: 1_000 },
      { scope: 'upstream', limit: 3_000, perMs: 60_000 },
      { scope: 'search', limit: 30, perMs: 60_000 },
    ],
    0.2,
  );

  it('is the tightest of its scope after the reserve', () => {
    const tightest = tightestOf(windows, 'upstream');
    expect(tightest).toMatchObject({ limit: 3_000, perSecond: 50, backgroundPerSecond: 40, nextPerSecond: 80 });
    expect(tightest && raiseSentence(tightest)).toBe(
      'To have more, ask the vendor to raise the limit of 3,000 per 1 min: after the reserve it leaves 40 calls/s; the next one would hold at 80 calls/s.',
    );
  });

  it('is named where it is that of a bucket', () => {
    const tightest = tightestOf(windows, 'search');
    expect(tightest && raiseSentence(tightest)).toContain('the limit of search of 30 per 1 min');
    expect(tightest && raiseSentence(tightest)).toContain('it is the only one');
  });

  it('is none where there is none', () => {
    expect(tightestOf(windows, 'export')).toBeUndefined();
  });
});
