// npm run bench -- <name>: installs and builds what is missing, then measures in this process.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, requireNode, root } from './fresh.mjs';

// stdout is for the outcome: `npm run -s bench -- lanes --json` is one JSON document.
const say = (line) => process.stderr.write(`        ${line}\n`);

const folder = join(root, 'test', 'bench');
// The story is a command of its own.
const known = readdirSync(folder)
  .filter((name) => name !== 'story' && existsSync(join(folder, name, 'main.ts')))
  .sort();
const name = process.argv[2] ?? '';

if (!known.includes(name)) {
  process.stderr.write(
    `expected npm run bench -- <name> [--json], found ${name || 'no name'}; there are: ${known.join(', ')}\n`,
  );
  process.exit(2);
}
try {
  requireNode();
  await ensureInstalled(say);
  await ensureBuilt(say);
} catch (error) {
  process.stderr.write(`\nthe bench ${name} could not be run: ${error.message}\n`);
  process.exit(1);
}
// Without its own name: the bench reads its options from there on.
process.argv.splice(2, 1);
await import(`../dist/test/bench/${name}/main.js`);
