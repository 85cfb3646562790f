// Many demo upstreams in one process, each on a port of its own: `node many.js profiles.json`, a list of profiles. Tells the
// ports in their order, as one line of JSON, and ends with its stdin.
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { systemClock } from './clock.js';
import { openDemo } from './demo.js';
import { parseProfile } from './profile.js';
import { serve } from './server.js';

function openAt(profile: unknown): Promise<number> {
  const parsed = parseProfile(profile);
  if (parsed.kind === 'faulty') throw new Error(`a profile is faulty: ${parsed.faults.join('; ')}`);
  const server = serve(openDemo(parsed.value, systemClock));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

const profiles: unknown = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
if (!Array.isArray(profiles)) throw new Error('expected a list of profiles, found another kind of value');
const ports = await Promise.all(profiles.map(openAt));
process.stdout.write(`${JSON.stringify({ ports })}\n`);
process.stdin.on('end', () => process.exit(0)).on('close', () => process.exit(0));
process.stdin.resume();
