import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from './fixtures/fresh-folder.js';
import { findFetched, findNatsServer, realSources, type NatsServer, type Sources } from './nats-server-binary.js';
import type { Progress } from './progress.js';

/** A program that names a version, as nats-server does. */
function program(version: string): NatsServer {
  const folder = join(freshFolder(), 'one');
  mkdirSync(folder);
  const path = join(folder, 'nats-server');
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
  return { path, version };
}

const nothing = (): Promise<string> => Promise.reject(new Error('no network'));
const none: Sources = {
  onPath: () => Promise.resolve(undefined),
  fetchedBefore: () => Promise.resolve([]),
  release: nothing,
  newestPackage: nothing,
  ownPackage: nothing,
};
const gives = (version: string) => () => Promise.resolve(program(version).path);

async function choose(sources: Partial<Sources>): Promise<{ version: string; warnings: string[] }> {
  const warnings: string[] = [];
  const progress: Progress = { step: () => undefined, warn: (line) => warnings.push(line) };
  const { version } = await findNatsServer({ ...none, ...sources }, progress);
  return { version, warnings };
}

const all: Sources = {
  onPath: () => Promise.resolve(program('2.11.1')),
  fetchedBefore: () => Promise.resolve([program('2.9.10'), program('2.12.2')]),
  release: gives('2.14.3'),
  newestPackage: gives('2.15.4'),
  ownPackage: gives('2.9.5'),
};
const old = { onPath: () => Promise.resolve(program('2.10.9')) };
const onlyOld = { fetchedBefore: () => Promise.resolve([program('2.9.10')]) };

test.each([
  ['PATH, when it is new enough', all, '2.11.1'],
  ['what was fetched before', { ...all, ...old }, '2.12.2'],
  ['the pinned release', { ...all, ...old, ...onlyOld }, '2.14.3'],
  ['the newest package of the distribution', { ...all, ...old, ...onlyOld, release: nothing }, '2.15.4'],
])('the first source is %s', async (_, sources, version) => {
  expect(await choose(sources)).toEqual({ version, warnings: [] });
});

test.each([
  ['on PATH', { ...old, ...onlyOld }, '2.10.9'],
  ['fetched before', onlyOld, '2.9.10'],
  ["of the distribution's own", { ownPackage: gives('2.9.5') }, '2.9.5'],
])('as a last resort one from 2.9 on, %s, with a warning that names what was tried', async (_, sources, version) => {
  const chosen = await choose(sources);
  expect(chosen.version).toBe(version);
  expect(chosen.warnings.join()).toMatch(/older than 2\.11.*no network/);
});

test('nothing at all is one error that names every source and what to do', async () => {
  const refusal = choose({ ownPackage: gives('2.8.4'), release: gives('nonsense') });
  await expect(refusal).rejects.toMatchObject({
    code: 'nats-server',
    message: expect.stringMatching(
      /PATH: none[^]*release .*does not run here[^]*no network[^]*version 2\.8\.4/,
    ) as string,
    advice: expect.stringContaining('PENSTOCK_NATS_URL') as string,
  });
});

test('an interrupted fetch is not mistaken for a fetched server, and a real one is found by version', async () => {
  const cache = freshFolder();
  for (const [name, version] of [
    ['new', '2.12.0'],
    ['old', '2.9.10'],
    ['.fetching-x', '2.99.0'],
  ] as const) {
    mkdirSync(join(cache, name));
    writeFileSync(join(cache, name, 'nats-server'), `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
  }
  expect((await findFetched([cache, '/nowhere'])).map(({ version }) => version)).toEqual(['2.9.10', '2.12.0']);
});

test('PATH is searched folder by folder', async () => {
  const { path } = program('2.13.0');
  const sources = realSources([], { PATH: `/nowhere::${join(path, '..')}` }, AbortSignal.abort());
  expect(await sources.onPath()).toEqual({ path, version: '2.13.0' });
});
