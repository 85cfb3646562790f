import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Readable, Writable } from 'node:stream';
import ts from 'typescript';
import { expect, it, onTestFinished } from 'vitest';

const source = readFileSync(fileURLToPath(new URL('./shutdown.ts', import.meta.url)), 'utf8');
const { outputText: shutdown } = ts.transpileModule(source, {
  compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
});

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** A process that does nothing but wait for its end. What it does at its end is told on its standard output. */
async function processThat(
  close: string,
  { followsParent = false } = {},
): Promise<{ child: Child; said: () => string }> {
  const code = `${shutdown}
    const say = (line) => process.stdout.write(line + '\\n');
    const logger = { info: ({ why }, message) => say(message + ': ' + why), error: (_, message) => say(message) };
    onShutdown(async () => { say('closing'); ${close} }, { followsParent: ${followsParent}, logger });
    setInterval(() => undefined, 1_000);
    say('up');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child.stdout, 'data');
  return { child, said: () => said };
}

async function exitOf(child: Child): Promise<unknown> {
  const [code] = await once(child, 'close');
  return code;
}

it.each(['SIGTERM', 'SIGINT'] as const)('%s closes everything, and then the process ends well', async (signal) => {
  const { child, said } = await processThat(`await new Promise((r) => setTimeout(r, 20)); say('closed')`);
  child.kill(signal);
  expect(await exitOf(child)).toBe(0);
  expect(said()).toBe(`up\nstopping: ${signal}\nclosing\nclosed\n`);
});

it('what is asked twice is done once', async () => {
  const { child, said } = await processThat(
    `process.kill(process.pid, 'SIGINT'); await new Promise((r) => setTimeout(r, 50))`,
  );
  child.kill('SIGTERM');
  expect(await exitOf(child)).toBe(0);
  expect(said().match(/closing/g)).toHaveLength(1);
});

it('a process that cannot close says so, and does not end well', async () => {
  const { child, said } = await processThat(`throw new Error('stuck')`);
  child.kill('SIGTERM');
  expect(await exitOf(child)).toBe(1);
  expect(said()).toContain('closing failed');
});

it('a process that follows its starter ends when that is gone', async () => {
  const { child, said } = await processThat('', { followsParent: true });
  child.stdin.end();
  expect(await exitOf(child)).toBe(0);
  expect(said()).toContain('stopping: the starting process is gone');
});

it('a process that follows nobody does not mind the end of its standard input', async () => {
  const { child, said } = await processThat('');
  child.stdin.end();
  await once(child.stdin, 'close');
  child.kill('SIGTERM');
  await exitOf(child);
  expect(said()).toContain('stopping: SIGTERM');
});
