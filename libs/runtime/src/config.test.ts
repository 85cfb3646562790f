import { describe, expect, it } from 'vitest';
import { EnvironmentFault, isLoopback, readEnvironment } from './config.js';

const complete = {
  PENSTOCK_POSTGRES_URL: 'postgres://me@127.0.0.1:5432/penstock',
  PENSTOCK_NATS_URL: 'nats://127.0.0.1:4222',
};

function refusalOf(variables: Record<string, string>): string {
  try {
    readEnvironment(8084, variables);
  } catch (error) {
    expect(error).toBeInstanceOf(EnvironmentFault);
    return (error as Error).message;
  }
  return 'not refused';
}

describe('the environment', () => {
  it('has a default for everything but the servers', () => {
    expect(readEnvironment(8084, complete)).toEqual({
      configFile: undefined,
      host: '127.0.0.1',
      port: 8080,
      adminPort: 8081,
      opsPort: 8084,
      postgresUrl: complete.PENSTOCK_POSTGRES_URL,
      natsUrl: complete.PENSTOCK_NATS_URL,
      namespace: 'penstock',
      adminToken: undefined,
      accessToken: undefined,
      logLevel: 'info',
      followsParent: false,
      workers: 1,
      timeScale: 1,
      variables: complete,
    });
  });

  it('is read as it is set', () => {
    const set = {
      ...complete,
      PENSTOCK_HOST: '0.0.0.0',
      PENSTOCK_PORT: '0',
      PENSTOCK_OPS_PORT: '65535',
      PENSTOCK_NAMESPACE: 'team-a_1',
      PENSTOCK_ADMIN_TOKEN: 'a',
      PENSTOCK_LOG_LEVEL: 'debug',
      PENSTOCK_PARENT: 'stdin',
      PENSTOCK_WORKERS: '4',
    };
    expect(readEnvironment(8084, set)).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      opsPort: 65_535,
      namespace: 'team-a_1',
      adminToken: 'a',
      logLevel: 'debug',
      followsParent: true,
      workers: 4,
    });
  });

  it.each(['0', '-1', '1.5', '100', 'two'])('takes no PENSTOCK_WORKERS of %s', (workers) => {
    expect(refusalOf({ ...complete, PENSTOCK_WORKERS: workers })).toContain(
      `PENSTOCK_WORKERS: expected a whole number from 1 to 99; found "${workers}"`,
    );
  });

  it('lets time run faster in a benchmark', () => {
    const scaled = { ...complete, PENSTOCK_BENCHMARK: '1', PENSTOCK_TIME_SCALE: '12.5' };
    expect(readEnvironment(8084, scaled).timeScale).toBe(12.5);
    expect(readEnvironment(8084, { ...complete, PENSTOCK_BENCHMARK: '1' }).timeScale).toBe(1);
  });

  it.each(['1', '25'])('takes no time scale of %s outside benchmarks, and says what to do', (scale) => {
    expect(refusalOf({ ...complete, PENSTOCK_TIME_SCALE: scale })).toContain(
      `PENSTOCK_TIME_SCALE: expected nothing outside a benchmark, since it makes half-lives and maxAge pass faster than time does; take it out, or set PENSTOCK_BENCHMARK=1; found "${scale}"`,
    );
  });

  it.each(['0', '0.5', '1001', '-2', '1e2', 'fast', ''])('takes no time scale of %j', (scale) => {
    expect(refusalOf({ ...complete, PENSTOCK_BENCHMARK: '1', PENSTOCK_TIME_SCALE: scale })).toContain(
      `PENSTOCK_TIME_SCALE: expected a number from 1 to 1000; found ${JSON.stringify(scale)}`,
    );
  });

  it('tells all of its faults in one message: name, expected, found', () => {
    const message = refusalOf({ PENSTOCK_PORT: 'http', PENSTOCK_NAMESPACE: 'Team A', PENSTOCK_NATS_URL: 'http://x' });
    expect(message.split('\n').slice(1)).toEqual([
      '  PENSTOCK_PORT: expected a port number from 0 to 65535; found "http"',
      '  PENSTOCK_POSTGRES_URL: expected a URL such as postgres://user@host:5432/penstock, found nothing; set it, or start everything with npm start; found nothing',
      '  PENSTOCK_NATS_URL: expected a URL such as nats://host:4222; found a value that does not fit',
      '  PENSTOCK_NAMESPACE: expected 1 to 31 of [a-z0-9_-], beginning with a letter; found "Team A"',
    ]);
  });

  it.each(['', ' 80', '0x50', '8080.5', '-1', '65536', '1e3'])('takes no port %j', (port) => {
    expect(refusalOf({ ...complete, PENSTOCK_PORT: port })).toContain(`found ${JSON.stringify(port)}`);
  });

  it('never shows what may hold a secret', () => {
    const message = refusalOf({
      PENSTOCK_POSTGRES_URL: 'mysql://me:hunter2@host/db',
      PENSTOCK_NATS_URL: 'hunter2',
      PENSTOCK_ADMIN_TOKEN: '',
      PENSTOCK_ACCESS_TOKEN: '',
      CRM_TOKEN: 'hunter2',
    });
    expect(message).toContain('PENSTOCK_POSTGRES_URL');
    expect(message).not.toContain('hunter2');
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['127.example.com', false],
  ['localhost.example', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
