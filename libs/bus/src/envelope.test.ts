import { describe, expect, it } from 'vitest';
import { childTraceparent, createEnvelopeMaker } from './envelope.js';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';
const WELL_FORMED = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

describe('a traceparent', () => {
  it('keeps the trace and the flags of its parent, with a span of its own', () => {
    const child = childTraceparent(PARENT);
    expect(child).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00$/);
    expect(child).not.toBe(PARENT);
  });

  it.each([
    undefined,
    '',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
  ])('begins a new trace after %s', (parent) => {
    const begun = childTraceparent(parent);
    expect(begun).toMatch(WELL_FORMED);
    expect(begun).not.toContain('4bf92f3577b34da6a3ce929d0e0e4736');
  });
});

describe('an envelope', () => {
  it('has an id of its own, the time, and the cause', () => {
    const make = createEnvelopeMaker({ now: () => 0 }, 'refresher-1');
    const made = Array.from({ length: 3_000 }, () => make({ cause: 'c1' }));
    expect(new Set(made.map(({ id }) => id)).size).toBe(3_000);
    expect(new Set(made.map(({ traceparent }) => traceparent)).size).toBe(3_000);
    expect(made[0]).toMatchObject({ at: '1970-01-01T00:00:00.000Z', cause: 'c1' });
    expect(made[0]?.id).toMatch(/^refresher-1-/);
  });

  it('tells the time of each message, be it of the same millisecond or not', () => {
    const times = [7.2, 7.9, 8, 8_000];
    const make = createEnvelopeMaker({ now: () => times.shift() ?? 0 }, 'r');
    const made = Array.from({ length: 4 }, () => make({ cause: 'c' }).at.slice(-7));
    expect(made).toEqual(['00.007Z', '00.007Z', '00.008Z', '08.000Z']);
  });

  it('has another id after a restart under the same name', () => {
    const ids = [1, 2].map(() => createEnvelopeMaker({ now: () => 0 }, 'same')({ cause: 'c' }).id);
    expect(ids[0]).not.toBe(ids[1]);
  });
});
