// npm run story: installs and builds what is missing, then measures Penstock and the plain baseline in this process.
import { ensureBuilt, ensureInstalled, requireNode } from './fresh.mjs';

// stdout is for the outcome: `npm run -s story -- --json` is one JSON document.
const say = (line) => process.stderr.write(`        ${line}\n`);

try {
  requireNode();
  await ensureInstalled(say);
  await ensureBuilt(say);
} catch (error) {
  process.stderr.write(`\nthe story could not be told: ${error.message}\n`);
  process.exit(1);
}
await import('../dist/test/bench/story/main.js');
