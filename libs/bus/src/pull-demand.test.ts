import { describe, expect, it } from 'vitest';
import { PullDemand } from './pull-demand.js';

describe('pull demand', () => {
  it('asks for all of the room at first', () => {
    expect(new PullDemand().toAsk(40)).toBe(40);
  });

  it('asks again only when half of what was asked for has come', () => {
    const demand = new PullDemand();
    demand.asked(40);
    for (let n = 0; n < 19; n += 1) demand.received();
    expect(demand.toAsk(40)).toBe(0);
    demand.received();
    expect(demand.toAsk(40)).toBe(20);
  });

  it('asks for nothing when there is no room', () => {
    expect(new PullDemand().toAsk(0)).toBe(0);
    expect(new PullDemand().toAsk(-3)).toBe(0);
    expect(new PullDemand().toAsk(0.9)).toBe(0);
  });

  it('asks for one when there is room for one', () => {
    const demand = new PullDemand();
    expect(demand.toAsk(1)).toBe(1);
    demand.asked(1);
    expect(demand.toAsk(1)).toBe(0);
  });

  it('counts what an ended request left unsent as no longer asked for', () => {
    const demand = new PullDemand();
    demand.asked(10);
    demand.received();
    demand.ended(9);
    expect(demand.outstanding).toBe(0);
    demand.ended(5);
    expect(demand.outstanding).toBe(0);
  });

  it('asks for no more than a thousand at a time', () => {
    expect(new PullDemand().toAsk(50_000)).toBe(1_000);
  });

  it('believes the first messages to be as large as they can be, and then as the largest of the last ones', () => {
    const demand = new PullDemand(8);
    expect(demand.toAsk(20)).toBe(2);
    for (let n = 0; n < 8; n += 1) demand.received(1);
    expect(demand.toAsk(20)).toBe(20);
    demand.received(5);
    expect(demand.toAsk(20)).toBe(4);
  });

  it('asks for one that may be too large only while nothing waits', () => {
    const demand = new PullDemand(8);
    expect(demand.toAsk(7)).toBe(0);
    expect(demand.toAsk(7, true)).toBe(1);
    expect(demand.toAsk(0, true)).toBe(0);
    demand.asked(1);
    expect(demand.toAsk(7, true)).toBe(0);
  });
});
