import { expect, it } from 'vitest';
import type { PriorRates } from '#core';
import { PriorsService } from './priors.service.js';

/** The store answers one more at each question. */
function priorsAt(timeScale = 1): {
  service: PriorsService;
  told: number[];
  asked: () => number;
  pass(ms: number): void;
} {
  let [nowMs, asked] = [0, 0];
  const told: number[] = [];
  const answer = (): PriorRates => ({ overall: (asked += 1), templates: {} });
  const service = new PriorsService({
    repository: { readPriors: () => Promise.resolve(answer()) },
    clock: { now: () => nowMs },
    timeScale,
    onRenewed: (_, { overall }) => void told.push(overall),
  });
  return { service, told, asked: () => asked, pass: (ms) => void (nowMs += ms) };
}

it('priors are read when they are first wanted, and then kept', async () => {
  const { service, asked } = priorsAt();
  expect(await service.of('crm')).toMatchObject({ overall: 1 });
  expect(await service.of('crm')).toMatchObject({ overall: 1 });
  expect(asked()).toBe(1);
});

it('priors are read again, and told, once something was written and their time has come', async () => {
  const { service, told, pass } = priorsAt();
  await service.of('crm');
  await service.renew();
  expect(told).toEqual([]);
  service.wrote('crm');
  await service.renew();
  expect(told).toEqual([2]);
  service.wrote('crm');
  pass(4_999);
  await service.renew();
  expect(told).toEqual([2]);
  pass(1);
  await service.renew();
  expect(told).toEqual([2, 3]);
  expect(await service.of('crm')).toMatchObject({ overall: 3 });
});

it.each([
  [1, 60_000],
  [20, 3_000],
  [1_000, 1_000],
])(
  'priors are read less often once they are old: with a clock %s times as fast every %s ms',
  async (scale, everyMs) => {
    const { service, told, pass } = priorsAt(scale);
    await service.of('crm');
    const renewAfter = async (ms: number): Promise<void> => {
      pass(ms);
      service.wrote('crm');
      await service.renew();
    };
    for (let i = 0; i < 25; i += 1) await renewAfter(60_000);
    const before = told.length;
    await renewAfter(everyMs - 1);
    expect(told).toHaveLength(before);
    await renewAfter(1);
    expect(told).toHaveLength(before + 1);
  },
);
