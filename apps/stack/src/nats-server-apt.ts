import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inherited } from './config.js';
import { inScratch, install } from './fetch-folder.js';

const run = promisify(execFile);

/** A folder of the machine's own mirror, and the keyring that the machine trusts it by. */
export interface Mirror {
  uri: string;
  keyring: string | undefined;
}

export interface Suite {
  mirror: Mirror;
  suite: string;
  component: string;
}

/** Which suites a distribution's mirror offers: its newest, and where nats-server lies in it. */
const distributions: Record<string, { newest: string; component: string }> = {
  debian: { newest: 'testing', component: 'main' },
  ubuntu: { newest: 'devel', component: 'universe' },
};

export function distributionSuites(etc = '/etc'): Promise<{ newest: Suite; own: Suite }> {
  const release = readRelease(join(etc, 'os-release'));
  const known = distributions[release['ID'] ?? ''];
  const codename = release['VERSION_CODENAME'];
  if (!known || !codename) return Promise.reject(new Error('no distribution whose package client is known'));
  const mirror = readSources(join(etc, 'apt')).find((entry) => entry.suite === codename);
  if (!mirror) return Promise.reject(new Error(`no mirror for ${codename} in ${join(etc, 'apt')}`));
  const { uri, keyring } = mirror;
  const suite = (name: string): Suite => ({ mirror: { uri, keyring }, suite: name, component: known.component });
  return Promise.resolve({ newest: suite(known.newest), own: suite(codename) });
}

function readRelease(path: string): Record<string, string> {
  if (!existsSync(path)) return {};
  const lines = readFileSync(path, 'utf8').matchAll(/^(\w+)="?([^"\n]*)"?$/gm);
  return Object.fromEntries([...lines].map((line) => [line[1] ?? '', line[2] ?? '']));
}

interface SourceEntry extends Mirror {
  suite: string;
}

/** Both formats that apt reads: one line an entry, and paragraphs of fields. */
export function readSources(aptDir: string): SourceEntry[] {
  const parts = join(aptDir, 'sources.list.d');
  const names = existsSync(parts)
    ? readdirSync(parts)
        .sort()
        .map((name) => join(parts, name))
    : [];
  return [join(aptDir, 'sources.list'), ...names]
    .filter((path) => existsSync(path))
    .flatMap((path) => (path.endsWith('.sources') ? paragraphs : oneLiners)(readFileSync(path, 'utf8')));
}

export function oneLiners(text: string): SourceEntry[] {
  return [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/gm)].map(
    ([, options = '', uri = '', suite = '']) => ({
      uri,
      suite,
      keyring: /signed-by=(\/\S+)/i.exec(options)?.[1],
    }),
  );
}

export function paragraphs(text: string): SourceEntry[] {
  const blocks = text.replace(/^#.*\n?/gm, '').split(/\n\s*\n/);
  return blocks.flatMap((block) => {
    const field = (name: string): string => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(block)?.[1]?.trim() ?? '';
    if (!/(^|\s)deb(\s|$)/.test(field('Types')) || /^no$/i.test(field('Enabled'))) return [];
    const uri = field('URIs').split(/\s+/)[0] ?? '';
    const keyring = /^\/\S+/.exec(field('Signed-By'))?.[0];
    return field('Suites')
      .split(/\s+/)
      .map((suite) => ({ uri, suite, keyring }));
  });
}

/** Downloads and unpacks without touching the system: lists, cache and configuration lie in a folder that is gone afterwards. */
export async function fetchWithApt(suite: Suite, folder: string, signal: AbortSignal): Promise<string> {
  return inScratch(folder, async (scratch) => {
    const [archive] = await unpackWithApt(suite, { packages: ['nats-server'], scratch, signal });
    if (archive === undefined) throw new Error(`expected a package nats-server in ${suite.suite}, found none`);
    return place(scratch, archive, folder);
  });
}

/** The packages lie in `unpacked` of the scratch folder, one over the other. Answers the names of their archives. */
export async function unpackWithApt(
  { mirror, suite, component }: Suite,
  { packages, scratch, signal }: { packages: readonly string[]; scratch: string; signal: AbortSignal },
): Promise<string[]> {
  const env = await privateApt(scratch);
  const option = mirror.keyring ? `[signed-by=${mirror.keyring}] ` : '';
  writeFileSync(join(scratch, 'sources.list'), `deb ${option}${mirror.uri} ${suite} ${component}\n`);
  await apt(['-qq', 'update'], { cwd: scratch, env, signal });
  await apt(['-qq', 'download', ...packages], { cwd: scratch, env, signal });
  const archives = readdirSync(scratch).filter((name) => name.endsWith('.deb'));
  for (const archive of archives) await run('dpkg', ['-x', archive, 'unpacked'], { cwd: scratch });
  return archives;
}

function place(scratch: string, archive: string, folder: string): string {
  const binary = ['usr/sbin', 'usr/bin']
    .map((dir) => join(scratch, 'unpacked', dir, 'nats-server'))
    .find((path) => existsSync(path));
  if (!binary) throw new Error(`expected nats-server in ${archive}, found none`);
  return install(binary, join(folder, archive.replace(/\.deb$/, '').replaceAll('%3a', ':'), 'nats-server'));
}

/**
 * The machine's way out (proxies, time-outs, certificates) stays; its hooks do not: some of them clean the system's own
 * package cache after an update. Signatures are checked as ever.
 */
async function privateApt(scratch: string): Promise<NodeJS.ProcessEnv> {
  for (const dir of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(scratch, dir), { recursive: true });
  const { stdout } = await run('apt-config', ['dump']);
  const kept = stdout.split('\n').filter((line) => line.startsWith('Acquire::'));
  const own = {
    'Dir::Etc::parts': '/dev/null',
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::sourcelist': join(scratch, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(scratch, 'lists'),
    'Dir::Cache': join(scratch, 'cache'),
    'Acquire::http::Timeout': '5',
    'Acquire::https::Timeout': '5',
    'Acquire::Retries': '1',
    'Acquire::Languages': 'none',
    'APT::Get::List-Cleanup': '0',
    // An update that could not reach the mirror must not look like one that found nothing.
    'APT::Update::Error-Mode': 'any',
  };
  const lines = Object.entries(own).map(([name, value]) => `${name} ${JSON.stringify(value)};`);
  const file = join(scratch, 'apt.conf');
  writeFileSync(file, [...kept, ...lines, ''].join('\n'));
  return { ...inherited, APT_CONFIG: file, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}

async function apt(args: string[], where: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal }): Promise<void> {
  try {
    await run('apt-get', args, { ...where, timeout: 60_000 });
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const first = words.split('\n').find((line) => /^(E|Err|W):?/.test(line));
    throw new Error(`apt-get ${args.at(-1)}: ${first ?? (error instanceof Error ? error.message : String(error))}`, {
      cause: error,
    });
  }
}
