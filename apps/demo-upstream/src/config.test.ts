import { describe, expect, it } from 'vitest';
import { readConfig } from './config.js';

describe('readConfig', () => {
  it('nothing given is the demo on loopback', () => {
    const { host, port, profile, endsWithStdin } = readConfig({});
    expect([host, port, profile.items, endsWithStdin]).toEqual(['127.0.0.1', 8090, 6000, false]);
  });

  it('DEMO_SEED goes before the seed of the profile', () => {
    expect(readConfig({ DEMO_SEED: '7', DEMO_PROFILE: '{"seed":3,"items":10}' }).profile).toMatchObject({
      seed: 7,
      items: 10,
    });
  });

  it('tells every fault in one message', () => {
    const env = {
      PENSTOCK_DEMO_PORT: 'x',
      DEMO_SEED: '1.5',
      PENSTOCK_PARENT: 'tty',
      DEMO_PROFILE: '{"itms":3,"latency":{"p50Ms":-1}}',
    };
    expect(() => readConfig(env)).toThrow(
      /PENSTOCK_DEMO_PORT[^]*PENSTOCK_PARENT[^]*DEMO_SEED[^]*latency\.p50Ms[^]*itms/,
    );
  });

  it('a profile that is neither JSON nor a file is a fault', () => {
    expect(() => readConfig({ DEMO_PROFILE: 'no/such/file.json' })).toThrow(
      /DEMO_PROFILE: expected a JSON object or the path/,
    );
    expect(() => readConfig({ DEMO_PROFILE: '{"items":' })).toThrow(/DEMO_PROFILE/);
  });
});
