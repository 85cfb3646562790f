import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from './fixtures/fresh-folder.js';
import { distributionSuites, oneLiners, paragraphs } from './nats-server-apt.js';

function etc(files: Record<string, string>): string {
  const dir = freshFolder();
  mkdirSync(join(dir, 'apt', 'sources.list.d'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const bookworm = 'ID=debian\nVERSION_CODENAME=bookworm\n';
const sources = `# a comment
Types: deb
# another
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`;

test('the newest suite is asked of the mirror and the keyring that the machine uses for its own', async () => {
  const dir = etc({
    'os-release': bookworm,
    'apt/sources.list.d/a.list': 'deb https://vendor.example/apt stable main\n',
    'apt/sources.list.d/debian.sources': sources,
  });
  const mirror = { uri: 'http://mirror.example/debian', keyring: '/usr/share/keyrings/debian.gpg' };
  expect(await distributionSuites(dir)).toEqual({
    newest: { mirror, suite: 'testing', component: 'main' },
    own: { mirror, suite: 'bookworm', component: 'main' },
  });
});

test('Ubuntu has it in universe, and its newest suite is devel', async () => {
  const dir = etc({
    'os-release': 'ID=ubuntu\nVERSION_CODENAME="noble"\n',
    'apt/sources.list': 'deb [arch=amd64 signed-by=/k.gpg] http://u.example/ubuntu noble main universe\n',
  });
  const { newest } = await distributionSuites(dir);
  expect(newest).toEqual({
    mirror: { uri: 'http://u.example/ubuntu', keyring: '/k.gpg' },
    suite: 'devel',
    component: 'universe',
  });
});

test.each([
  ['another distribution', { 'os-release': 'ID=alpine\n' }, 'no distribution'],
  ['no mirror', { 'os-release': bookworm }, 'no mirror for bookworm'],
])('%s is a reason, not a crash', async (_, files, reason) => {
  await expect(distributionSuites(etc(files))).rejects.toThrow(reason);
});

test('disabled paragraphs, source entries and commented lines are passed over', () => {
  expect(
    paragraphs('Types: deb\nEnabled: no\nURIs: http://a\nSuites: x\n\nTypes: deb-src\nURIs: http://b\nSuites: y\n'),
  ).toEqual([]);
  expect(oneLiners('# deb http://a x main\ndeb-src http://b y main\n')).toEqual([]);
});
