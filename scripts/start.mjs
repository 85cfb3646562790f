// npm start: installs and builds what is missing, then runs the development stack in this process.
import { ensureBuilt, ensureInstalled, requireNode } from './fresh.mjs';

const say = (line) => process.stdout.write(`        ${line}\n`);

try {
  requireNode();
  await ensureInstalled(say);
  await ensureBuilt(say);
} catch (error) {
  process.stderr.write(`\nPenstock did not start: ${error.message}\n`);
  process.exit(1);
}
await import('../dist/apps/stack/src/main.js');
