import { expect, test } from 'vitest';
import { readResult, scriptOf } from './wrk.js';

const load = { url: 'http://127.0.0.1:1', prefix: '/own/500/', keys: 6_000, connections: 32, seconds: 4 };

test('every key is asked for, and nothing waits, where no pause is wanted', () => {
  const script = scriptOf(load);
  expect(script).toContain('for n = 1, 6000 do requests[n] = wrk.format("GET", "/own/500/" .. n) end');
  expect(script).not.toContain('delay =');
});

test('a pause is as long as wanted on the average', () => {
  expect(scriptOf({ ...load, pauseMs: 3.2 })).toContain('delay = function() return math.random(0, 6) end');
});

test('a result is read in requests a second and milliseconds', () => {
  expect(readResult('Running 4s test\nRESULT 80000 4000000 2 400 900 2100 9000\n')).toEqual({
    ...{ perSecond: 20_000, requests: 80_000, failed: 2 },
    ...{ p50Ms: 0.4, p90Ms: 0.9, p99Ms: 2.1, p999Ms: 9 },
  });
});

test('a run without a result says what was said instead', () => {
  expect(() => readResult('unable to connect')).toThrow('unable to connect');
});
