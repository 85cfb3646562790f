import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followConfig, type ConfigFeed, type ConfiguredUpstream } from './config-feed.js';
import { createLogger } from './logger.js';

type Upstreams = readonly ConfiguredUpstream<string>[];

const upstreamsOf = (version: number, ...ids: string[]): Upstreams =>
  ids.map((id) => ({ id, version, config: `config ${version}`, partitionKey: new Uint8Array() }));

/** A store of configurations, and what of it was applied. */
function world(): {
  inForce: Upstreams;
  load: () => Promise<Upstreams>;
  loads: () => number;
  applied: number[];
  apply: (upstreams: Upstreams, version: number) => Promise<void>;
  logged: string[];
  follow(): Promise<ConfigFeed>;
} {
  let loads = 0;
  const logged: string[] = [];
  const logger = createLogger('test', 'info', { write: (line) => void logged.push(line) });
  const it = {
    inForce: [] as Upstreams,
    load: () => Promise.resolve(it.inForce),
    loads: () => loads,
    applied: [] as number[],
    apply: (_: Upstreams, version: number): Promise<void> => Promise.resolve(void it.applied.push(version)),
    logged,
    follow: () =>
      followConfig<string>({
        load: () => ((loads += 1), it.load()),
        apply: (upstreams, version) => it.apply(upstreams, version),
        logger,
      }),
  };
  return it;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const failing = (): Promise<never> => Promise.reject(new Error('away'));

describe('a feed of the configuration', () => {
  it('waits for the first one', async () => {
    const here = world();
    const following = here.follow();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(here.applied).toEqual([]);
    here.inForce = upstreamsOf(1, 'crm');
    await vi.advanceTimersByTimeAsync(200);
    expect((await following).version()).toBe(1);
    expect(here.applied).toEqual([1]);
  });

  it('says once what it waits for', async () => {
    const here = world();
    void here.follow();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(here.logged.filter((line) => line.includes('waiting for a configuration'))).toHaveLength(1);
  });

  it('applies each newer version once, and no older one', async () => {
    const here = world();
    here.inForce = upstreamsOf(3, 'crm', 'erp');
    const feed = await here.follow();
    for (const version of [3, 2, 4, 4]) {
      here.inForce = upstreamsOf(version, 'crm');
      feed.nudge();
      await settled();
    }
    expect(here.applied).toEqual([3, 4]);
    expect(feed.version()).toBe(4);
  });

  it('looks now when it is nudged, and now and then without being told', async () => {
    const here = world();
    here.inForce = upstreamsOf(1, 'crm');
    const feed = await here.follow();
    here.inForce = upstreamsOf(2, 'crm');
    feed.nudge();
    await settled();
    expect(here.applied).toEqual([1, 2]);
    here.inForce = upstreamsOf(3, 'crm');
    await vi.advanceTimersByTimeAsync(3_000);
    expect(here.applied).toEqual([1, 2, 3]);
  });

  it('looks again when it is nudged while it looks: that look may have read too early', async () => {
    const here = world();
    here.inForce = upstreamsOf(1, 'crm');
    const feed = await here.follow();
    let answer: (upstreams: Upstreams) => void = () => undefined;
    here.load = () => new Promise((resolve) => (answer = resolve));
    feed.nudge();
    const readTooEarly = here.inForce;
    here.inForce = upstreamsOf(2, 'crm');
    here.load = () => Promise.resolve(here.inForce);
    feed.nudge();
    answer(readTooEarly);
    await settled();
    expect(here.applied).toEqual([1, 2]);
    expect(here.loads()).toBe(3);
  });

  it('tries a load that failed again, also the first', async () => {
    const here = world();
    here.inForce = upstreamsOf(1, 'crm');
    const { load } = here;
    here.load = failing;
    const following = here.follow();
    await settled();
    here.load = load;
    await vi.advanceTimersByTimeAsync(200);
    const feed = await following;
    here.load = failing;
    here.inForce = upstreamsOf(2, 'crm');
    feed.nudge();
    await settled();
    here.load = load;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(here.applied).toEqual([1, 2]);
  });

  it('does not count a version that could not be applied, and tries it again', async () => {
    const here = world();
    here.inForce = upstreamsOf(1, 'crm');
    const feed = await here.follow();
    const { apply } = here;
    here.apply = failing;
    here.inForce = upstreamsOf(2, 'crm');
    feed.nudge();
    await settled();
    expect(feed.version()).toBe(1);
    here.apply = apply;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(feed.version()).toBe(2);
  });

  it('applies one after the other', async () => {
    const here = world();
    here.inForce = upstreamsOf(1, 'crm');
    const feed = await here.follow();
    let atOnce = 0;
    let most = 0;
    here.apply = async () => {
      most = Math.max(most, (atOnce += 1));
      await new Promise((resolve) => setTimeout(resolve, 10));
      atOnce -= 1;
    };
    for (const version of [2, 3]) {
      here.inForce = upstreamsOf(version, 'crm');
      feed.nudge();
      await vi.advanceTimersByTimeAsync(5);
    }
    await vi.advanceTimersByTimeAsync(50);
    expect(most).toBe(1);
    expect(feed.version()).toBe(3);
  });

  it('applies nothing once it is closed', async () => {
    const here = world();
    here.inForce = upstreamsOf(1, 'crm');
    const feed = await here.follow();
    feed.close();
    here.inForce = upstreamsOf(2, 'crm');
    feed.nudge();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(here.applied).toEqual([1]);
  });
});
