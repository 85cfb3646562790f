import { expect, it } from 'vitest';
import { AnswerFlow } from './answer-flow.js';

const KIB = 1024;
const piece = (bytes: number, of = 'x'): Uint8Array => Buffer.alloc(bytes, of);

interface Rig {
  readonly flow: AnswerFlow;
  readonly tapped: string[];
}

function flowing(gathered: Uint8Array[] = []): Rig {
  const tapped: string[] = [];
  const flow = new AnswerFlow(null, gathered, {
    resume: () => tapped.push('resume'),
    close: () => tapped.push('close'),
  });
  return { flow, tapped };
}

async function textOf(flow: AnswerFlow): Promise<string> {
  let text = '';
  for await (const part of flow.read()) text += Buffer.from(part).toString();
  return text;
}

it('what was gathered goes first, and what waits at the end is still read', async () => {
  const { flow, tapped } = flowing([piece(1, 'a'), piece(1, 'b')]);
  flow.push(piece(1, 'c'));
  flow.finish();
  expect(await textOf(flow)).toBe('abc');
  expect(tapped).toEqual([]);
});

it('pieces are handed on as they come', async () => {
  const { flow } = flowing();
  const reading = flow.read();
  const first = reading.next();
  flow.push(piece(1, 'a'));
  expect((await first).value).toEqual(piece(1, 'a'));
  const last = reading.next();
  flow.finish();
  expect((await last).done).toBe(true);
});

it('the upstream is stopped while 256 KiB wait, and goes on when less do', async () => {
  const { flow, tapped } = flowing([piece(200 * KIB)]);
  expect(flow.push(piece(55 * KIB))).toBe(true);
  expect(flow.push(piece(1 * KIB))).toBe(false);
  const reading = flow.read();
  await reading.next();
  expect(tapped).toEqual(['resume']);
  await reading.next();
  expect(tapped).toEqual(['resume']);
});

it('one that breaks off throws what waits away, so that no part passes for the whole', async () => {
  const { flow } = flowing([piece(1, 'a')]);
  flow.fail(new Error('reset'));
  await expect(textOf(flow)).rejects.toThrow('reset');
  await flow.over;
});

it('a reader that leaves, and one that never comes, end the exchange once', async () => {
  const left = flowing([piece(1, 'a')]);
  for await (const _ of left.flow.read()) break;
  left.flow.drop();
  const never = flowing([piece(1, 'a')]);
  never.flow.drop();
  never.flow.drop();
  expect([left.tapped, never.tapped]).toEqual([['close'], ['close']]);
  await Promise.all([left.flow.over, never.flow.over]);
  await expect(textOf(never.flow)).rejects.toThrow('nobody reads');
});

it('a wait for the next piece ends when the body is dropped', async () => {
  const { flow } = flowing();
  const next = flow.read().next();
  flow.drop();
  await expect(next).rejects.toThrow('nobody reads');
});
