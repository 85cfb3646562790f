// Brings node_modules and dist up to date. Plain JavaScript without dependencies: it runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const installStamp = join(root, 'node_modules', '.penstock-installed');
const buildStamp = join(root, 'dist', '.built');

/** What went wrong, and what to do about it. */
export class NotReady extends Error {
  constructor(message, advice) {
    super(`${message}\n  what to do: ${advice}`);
  }
}

export function requireNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new NotReady(`expected Node 20.19 or newer, found ${version}`, 'install a newer Node: https://nodejs.org');
}

/** `npm ci`, unless what is installed is what package-lock.json asks for. */
export async function ensureInstalled(say) {
  if (isInstalled()) return;
  await alone('install', async () => {
    if (isInstalled()) return;
    say('installing packages (npm ci): up to a minute on a first start');
    // Also with NODE_ENV=production: the compiler is among them.
    const { code, text } = await run(npm, ['ci', '--include=dev', '--no-audit', '--no-fund'], { say, name: 'npm ci' });
    if (code !== 0) throw installFailed(text);
    writeFileSync(installStamp, lockHash());
  });
}

/** `tsc`, unless dist was built from these very sources. */
export async function ensureBuilt(say) {
  if (builtFrom() === sourceHash()) return;
  await alone('build', async () => {
    const sources = sourceHash();
    if (builtFrom() === sources) return;
    say('building (tsc)');
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { code, text } = await run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { say, name: 'tsc' });
    if (code !== 0) throw new NotReady(`the build failed:\n${indent(text)}`, 'correct these lines and start again');
    writeFileSync(buildStamp, sources);
  });
}

function isInstalled() {
  if (!existsSync(join(root, 'node_modules'))) return false;
  return textOf(installStamp) === lockHash() || installedByNpm();
}

// npm's own list of what it installed: good for whoever ran npm by hand.
function installedByNpm() {
  const list = textOf(join(root, 'node_modules', '.package-lock.json'));
  if (list === '') return false;
  const wanted = Object.entries(JSON.parse(textOf(join(root, 'package-lock.json'))).packages);
  const installed = JSON.parse(list).packages;
  return wanted.every(([path, { version, optional, devOptional }]) => {
    if (path === '') return true;
    const found = installed[path];
    return found ? found.version === version : optional === true || devOptional === true;
  });
}

function installFailed(text) {
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(text);
  const full = /ENOSPC/.test(text);
  const advice = full
    ? 'free some disk space and start again'
    : offline
      ? 'npm could not reach its registry: check the network and the proxy (`npm config get registry`, `npm config get proxy`), then start again'
      : 'run `npm ci` by hand, correct what it tells, then start again';
  return new NotReady(`npm ci failed:\n${indent(lastLines(text, 12))}`, advice);
}

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function builtFrom() {
  return textOf(buildStamp);
}

/** By content: a checkout may give files any time. */
function sourceHash() {
  const hash = createHash('sha256');
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(root, name));
  for (const path of [...settings, ...['apps', 'libs', 'test'].flatMap((dir) => sourcesIn(join(root, dir)))]) {
    hash.update(path.slice(root.length)).update('\0').update(textOf(path)).update('\0');
  }
  return hash.digest('hex');
}

function sourcesIn(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.test\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Runs a command, says every 10 s that it still runs, and returns what it printed. */
export function run(command, args, { say = () => undefined, name = command, echo = false, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const startedAt = performance.now();
    const still = setInterval(
      () => say(`${name}: still at it, ${Math.round((performance.now() - startedAt) / 1000)} s`),
      10_000,
    );
    let text = '';
    const take = (to) => (chunk) => {
      text += chunk;
      if (echo) to.write(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', take(process.stdout));
    child.stderr.setEncoding('utf8').on('data', take(process.stderr));
    child.once('error', (error) => {
      clearInterval(still);
      reject(new NotReady(`expected to run ${command}, found: ${error.message}`, `see that ${command} is on PATH`));
    });
    child.once('close', (code, signal) => {
      clearInterval(still);
      resolve({ code: code ?? 1, signal, text });
    });
  });
}

/** Two starts of one clone must not install or build over each other. A lock of a dead process is no lock. */
async function alone(what, work) {
  const key = createHash('sha256').update(root).digest('hex').slice(0, 12);
  const lock = join(tmpdir(), `penstock-${what}-${key}.lock`);
  while (!take(lock)) await new Promise((resolve) => setTimeout(resolve, 200));
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  try {
    await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (!isAlive(Number(textOf(lock))) && ageMs(lock) > 1_000) rmSync(lock, { force: true });
  return false;
}

function ageMs(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return pid > 0;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

function indent(text) {
  return text.trimEnd().replace(/^/gm, '    ');
}
