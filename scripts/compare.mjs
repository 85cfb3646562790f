// npm run compare: the cases of test/rfc through Penstock, nginx and Varnish, and what differs into docs/.
import { ensureBuilt, ensureInstalled, requireNode } from './fresh.mjs';

const say = (line) => process.stderr.write(`        ${line}\n`);

try {
  requireNode();
  await ensureInstalled(say);
  await ensureBuilt(say);
} catch (error) {
  process.stderr.write(`\nnothing could be compared: ${error.message}\n`);
  process.exit(1);
}
await import('../dist/test/rfc/compare/main.js');
