import { expect, it } from 'vitest';
import { createLogger, type Logger } from './logger.js';

function recording(level = 'info'): { logger: Logger; lines: () => Record<string, unknown>[]; text: () => string } {
  const written: string[] = [];
  const logger = createLogger('dispatcher', level, { write: (line) => void written.push(line) });
  return {
    logger,
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    text: () => written.join(''),
  };
}

it('an event is one line of JSON with its time, its app and its process', () => {
  const { logger, lines, text } = recording();
  logger.info({ upstream: 'crm' }, 'two\nlines');
  expect(text().trimEnd()).not.toContain('\n');
  expect(lines()).toMatchObject([{ app: 'dispatcher', pid: process.pid, upstream: 'crm', msg: 'two\nlines' }]);
  expect(lines()[0]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

it('what is below the level is not written', () => {
  const { logger, lines } = recording('warn');
  logger.info({}, 'quiet');
  logger.warn({}, 'loud');
  expect(lines()).toMatchObject([{ msg: 'loud' }]);
});

it.each([
  'authorization',
  'Authorization',
  'cookie',
  'Set-Cookie',
  'Proxy-Authorization',
  'token',
  'password',
  'apiKey',
])('the field %s is hidden wherever it hangs, up to two levels down', (name) => {
  const { logger, text } = recording();
  logger.info({ [name]: 'hunter2', kept: 1 }, 'm');
  logger.info({ request: { [name]: 'hunter2', kept: 2 } }, 'm');
  logger.info({ call: { headers: { [name]: 'hunter2', kept: 3 } } }, 'm');
  expect(text()).not.toContain('hunter2');
  expect(text().match(/\[hidden\]/g)).toHaveLength(3);
  expect(text()).toMatch(/"kept":1[^]*"kept":2[^]*"kept":3/);
});

it('an error is told by name, message, code, stack and causes', () => {
  const { logger, lines } = recording();
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  logger.error({ err: new TypeError('no answer', { cause }) }, 'm');
  expect(lines()).toMatchObject([
    {
      err: {
        type: 'TypeError',
        message: 'no answer',
        cause: { type: 'Error', message: 'refused', code: 'ECONNREFUSED' },
      },
    },
  ]);
  expect((lines()[0]?.['err'] as { stack: string }).stack).toContain('logger.test');
});

it('what hangs on an error is not written: HTTP clients hang the request on theirs', () => {
  const { logger, text } = recording();
  const config = { headers: [['Authorization', 'hunter2']] };
  const cause = Object.assign(new Error('inner'), { input: 'postgres://me:hunter2@host' });
  logger.error({ err: Object.assign(new Error('outer', { cause }), { config }) }, 'm');
  expect(text()).toContain('outer');
  expect(text()).not.toContain('hunter2');
});
