import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { openServers } from '../../bench/rig/servers.js';
import { runBench, readArgs, textOf, type Surroundings } from '../../bench/rig/runner.js';
import { startStack } from '../../support/stack.js';
import { allCases } from '../all-cases.js';
import { placesBeneath, strictConfig } from '../penstock-places.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../scripted-upstream.js';
import { openOtherCaches } from './caches.js';
import { reportOf, type Column, type Comparison } from './report.js';
import { verdictsOf } from './verdicts.js';

const USAGE = `npm run compare [-- options]
  --out <file>   where the differences are written (default docs/rfc-differences.md)
`;

const cases = allCases.filter(({ only }) => only === undefined);

interface Place {
  readonly upstream: ScriptedUpstream;
  readonly own: Surroundings;
}

async function penstockColumn({ upstream, own }: Place): Promise<Column> {
  const servers = await openServers({ ...own, redis: false });
  try {
    const { postgresUrl, natsUrl } = servers;
    const config = strictConfig(upstream.url);
    const stack = await startStack({ config, postgresUrl, natsUrl, demo: false, progress: own.progress });
    try {
      const tested = { upstream, urlFor: placesBeneath(stack.dataUrl) };
      return { name: 'Penstock', version: '', verdicts: await verdictsOf(cases, tested) };
    } finally {
      await stack.stop();
    }
  } finally {
    await servers.stop();
  }
}

async function otherColumns({ upstream, own }: Place): Promise<Pick<Comparison, 'columns' | 'missing'>> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-compare-'));
  const ready = upstream.begin('ready');
  const { port } = new URL(upstream.url);
  const opened = await openOtherCaches({ own, folder, upstreamPort: Number(port), readyPath: ready.path });
  const columns: Column[] = [];
  try {
    for (const cache of opened) {
      if ('missing' in cache) continue;
      own.progress.step(`${cases.length} cases to ${cache.name} ${cache.version}`);
      const verdicts = await verdictsOf(cases, { upstream, urlFor: () => cache.url });
      columns.push({ name: cache.name, version: cache.version, verdicts });
    }
    return { columns, missing: opened.flatMap((cache) => ('missing' in cache ? [cache] : [])) };
  } finally {
    for (const cache of opened) if (!('missing' in cache)) await cache.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compared(own: Surroundings): Promise<Comparison> {
  const upstream = await startScriptedUpstream();
  try {
    const others = await otherColumns({ upstream, own });
    const penstock = await penstockColumn({ upstream, own });
    const notPut = allCases.length - cases.length;
    return { cases, notPut, columns: [penstock, ...others.columns], missing: others.missing };
  } finally {
    await upstream.close();
  }
}

await runBench({
  name: 'compare',
  usage: USAGE,
  read: (args) => ({ out: textOf(readArgs(args, ['out']), 'out') ?? 'docs/rfc-differences.md', json: undefined }),
  measure: async ({ out }, own) => {
    const comparison = await compared(own);
    writeFileSync(out, await format(reportOf(comparison), { parser: 'markdown', printWidth: 120 }));
    const counts = comparison.columns.map(
      ({ name, verdicts }) =>
        `${name}: ${verdicts.filter(({ kind }) => kind === 'as-said').length} of ${cases.length} as said\n`,
    );
    const left = comparison.missing.map(({ name, missing }) => `${name} is left out: ${missing}\n`);
    return { text: [...counts, ...left, `${out} is written\n`].join(''), document: {}, pass: true };
  },
});
