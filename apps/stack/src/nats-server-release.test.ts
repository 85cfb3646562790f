import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { freshFolder } from './fixtures/fresh-folder.js';
import { fetchRelease, fileOfTar, unpackVerified } from './nats-server-release.js';

/** One member of a tar, as tar writes it. */
function member(path: string, content: string, kind = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write(content.length.toString(8).padStart(11, '0'), 124);
  header.write(kind, 156);
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

const tar = Buffer.concat([
  member('v2/', '', '5'),
  member('v2/README.md', 'x'.repeat(700)),
  member('v2/nats-server', 'the binary'),
  Buffer.alloc(1024),
]);
const tarball = gzipSync(tar);
const sha256 = createHash('sha256').update(tarball).digest('hex');

test('the binary is taken out of the archive, and may be run', async () => {
  const folder = freshFolder();
  const target = await unpackVerified(tarball, sha256, join(folder, '2.0.0', 'nats-server'));
  expect(readFileSync(target, 'utf8')).toBe('the binary');
  expect(statSync(target).mode & 0o111).toBe(0o111);
  expect(readdirSync(folder)).toEqual(['2.0.0']);
});

test('an archive that is not the pinned one leaves nothing behind', async () => {
  const folder = freshFolder();
  const target = join(folder, '2.0.0', 'nats-server');
  await expect(unpackVerified(tarball.subarray(1), sha256, target)).rejects.toThrow(`expected SHA-256 ${sha256}`);
  expect(existsSync(join(folder, '2.0.0'))).toBe(false);
});

test('an archive without the binary is told', () => {
  expect(() => fileOfTar(member('v2/README.md', 'x'), 'nats-server')).toThrow('expected nats-server');
});

test('a platform without a pin is not fetched for', async () => {
  await expect(fetchRelease('/nowhere', AbortSignal.abort(), 'darwin-arm64')).rejects.toThrow(
    'no release is pinned for darwin-arm64',
  );
});
