import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { inScratch, install } from './fetch-folder.js';

export const releaseVersion = '2.14.5';

/** SHA-256 of the official tarballs. */
const pins: Record<string, { name: string; sha256: string }> = {
  'linux-x64': { name: 'linux-amd64', sha256: '5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355' },
  'linux-arm64': { name: 'linux-arm64', sha256: '673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c' },
  'linux-arm': { name: 'linux-arm7', sha256: 'c8796b63a8603fdebabd63146ac3d3997c29a2829fdd2af6db320f4a287f2e71' },
};

const connectWithinMs = 3_000;
const silentForMs = 10_000;
const mostRedirects = 5;
const mostBytes = 64 * 1024 * 1024;

export async function fetchRelease(
  folder: string,
  signal: AbortSignal,
  platform = `${process.platform}-${process.arch}`,
): Promise<string> {
  const pin = pins[platform];
  if (!pin) throw new Error(`no release is pinned for ${platform}`);
  const tarball = await download(
    `https://github.com/nats-io/nats-server/releases/download/v${releaseVersion}/nats-server-v${releaseVersion}-${pin.name}.tar.gz`,
    signal,
  );
  return unpackVerified(tarball, pin.sha256, join(folder, releaseVersion, 'nats-server'));
}

export async function unpackVerified(tarball: Buffer, sha256: string, target: string): Promise<string> {
  const found = createHash('sha256').update(tarball).digest('hex');
  if (found !== sha256) throw new Error(`expected SHA-256 ${sha256}, found ${found}`);
  return inScratch(join(target, '..', '..'), (scratch) => {
    const binary = join(scratch, 'nats-server');
    writeFileSync(binary, fileOfTar(gunzipSync(tarball), 'nats-server'));
    return Promise.resolve(install(binary, target));
  });
}

/** The regular file of that name, in whatever folder. A tar is a row of 512-byte headers, each followed by its file, padded. */
export function fileOfTar(tar: Buffer, name: string): Buffer {
  for (let at = 0; at + 512 <= tar.length;) {
    const path = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const sizeBytes = Number.parseInt(tar.toString('ascii', at + 124, at + 136), 8) || 0;
    const kind = tar.toString('ascii', at + 156, at + 157);
    const isFile = kind === '0' || kind === '\0';
    if (isFile && path.split('/').at(-1) === name) return tar.subarray(at + 512, at + 512 + sizeBytes);
    at += 512 + Math.ceil(sizeBytes / 512) * 512;
  }
  throw new Error(`expected ${name} in the archive, found none`);
}

async function download(url: string, signal: AbortSignal, redirects = 0): Promise<Buffer> {
  const response = await get(url, signal);
  const location = response.headers.location;
  if (location && redirects < mostRedirects) {
    response.destroy();
    return download(new URL(location, url).href, signal, redirects + 1);
  }
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`expected status 200 from ${new URL(url).host}, found ${response.statusCode}`);
  }
  return readBody(response);
}

function get(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers: { 'user-agent': 'penstock' }, signal }, resolve);
    const late = setTimeout(
      () => call.destroy(new Error(`no connection to ${new URL(url).host} within 3 s`)),
      connectWithinMs,
    );
    call.on('socket', (socket) => socket.once('secureConnect', () => clearTimeout(late)));
    call.setTimeout(silentForMs, () => call.destroy(new Error(`${new URL(url).host} was silent for 10 s`)));
    call.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    call.end();
  });
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`expected at most ${mostBytes} bytes, found more`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
