import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from '../../../apps/stack/src/config.js';
import { serviceNames } from '../../../apps/stack/src/services.js';
import { costsOf, topTable, type CpuProfile, type Span } from './profile-table.js';

/** Profiles of earlier runs that lie there too cost nothing: they lie outside of the spans. */
export function profileText(dir: string, spans: readonly Span[], refreshes: number): string {
  const tables = serviceNames.map((service) =>
    topTable(service, costsOf(profilesOf(dir, service), spans, rootDir), refreshes),
  );
  return `\n${tables.join('\n')}\n`;
}

/** The clock of the profiles. */
export function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** One a process: a service that was started again has left several. */
function profilesOf(dir: string, service: string): CpuProfile[] {
  if (!existsSync(dir)) return [];
  const files = readdirSync(dir).filter((name) => name.startsWith(`${service}-`) && name.endsWith('.cpuprofile'));
  // V8 wrote them.
  return files.map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')) as CpuProfile);
}
