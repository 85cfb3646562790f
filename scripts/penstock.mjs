#!/usr/bin/env node
// npx penstock <command>: installs and builds what is missing, then does it in this process.
import { ensureBuilt, ensureInstalled, requireNode } from './fresh.mjs';

// stdout is for the outcome: `npx penstock plan --json` is one JSON document.
const say = (line) => process.stderr.write(`        ${line}\n`);

try {
  requireNode();
  await ensureInstalled(say);
  await ensureBuilt(say);
} catch (error) {
  process.stderr.write(`\npenstock could not be run: ${error.message}\n`);
  process.exit(1);
}
await import('../dist/apps/stack/src/penstock.js');
