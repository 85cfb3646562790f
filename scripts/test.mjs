// npm test: install, build, lint, type check, all tests. Prints `N passed, N failed` as its last line.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, requireNode, root, run } from './fresh.mjs';

const say = (line) => process.stdout.write(`${line}\n`);
const bin = (path) => join(root, 'node_modules', path);
const count = { passed: 0, failed: 0 };

/** A step that is no test counts as one when it fails. */
async function step(name, work) {
  say(`\n# ${name}`);
  try {
    await work();
    return true;
  } catch (error) {
    say(error.message);
    count.failed += 1;
    return false;
  }
}

/** Runs beside the tests, so what it says is kept until it is its turn. */
async function tool(script, args) {
  const { code, text } = await run(process.execPath, [script, ...args]);
  if (code !== 0) throw new Error(`${text}\nfailed with exit code ${code}`);
}

async function vitest(extra) {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-test-'));
  const report = join(folder, 'report.json');
  try {
    const args = [
      bin('vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...extra,
    ];
    const { code } = await run(process.execPath, args, { echo: true });
    addReport(report, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addReport(report, code) {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  count.passed += result.numPassedTests;
  count.failed += result.numFailedTests;
  // A file that could not be loaded, or an error outside of a test, fails the run without a failed test.
  const brokenFiles = result.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  count.failed += brokenFiles.length;
  if (code !== 0 && result.numFailedTests + brokenFiles.length === 0)
    throw new Error(`vitest ended with exit code ${code}`);
}

const ready =
  (await step('install', async () => {
    requireNode();
    await ensureInstalled(say);
  })) && (await step('build', () => ensureBuilt(say)));
if (ready) {
  const checks = [
    ['lint', tool(bin('eslint/bin/eslint.js'), ['.'])],
    ['types', tool(bin('typescript/bin/tsc'), ['-p', 'tsconfig.json', '--noEmit'])],
  ];
  for (const [, check] of checks) check.catch(() => undefined); // looked at below, after the tests
  await step('tests', () => vitest(process.argv.slice(2)));
  for (const [name, check] of checks) await step(name, () => check);
}
say(`\n${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 && count.passed > 0 ? 0 : 1;
