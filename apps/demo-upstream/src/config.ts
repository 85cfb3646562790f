import { readFileSync } from 'node:fs';
import { parseProfile, type Profile } from './profile.js';

export interface Config {
  host: string;
  port: number;
  profile: Profile;
  /** The launcher holds our stdin: when it closes, the launcher is dead and we end too. */
  endsWithStdin: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the environment once; every fault is told in one message. */
export function readConfig(env: Env): Config {
  const faults: string[] = [];
  const port = readInteger(env, 'PENSTOCK_DEMO_PORT', faults) ?? 8090;
  if (port < 0 || port > 65_535) faults.push(`PENSTOCK_DEMO_PORT: expected a port from 0 to 65535, found ${port}`);
  const parent = env['PENSTOCK_PARENT'] ?? '';
  if (parent !== '' && parent !== 'stdin')
    faults.push(`PENSTOCK_PARENT: expected "stdin" or nothing, found "${parent}"`);
  const profile = readProfile(env, faults);
  if (faults.length > 0 || profile === undefined)
    throw new Error(`the demo upstream cannot start:\n  ${faults.join('\n  ')}`);
  return { host: env['PENSTOCK_DEMO_HOST'] || '127.0.0.1', port, profile, endsWithStdin: parent === 'stdin' };
}

function readInteger(env: Env, name: string, faults: string[]): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  faults.push(`${name}: expected an integer, found "${text}"`);
  return undefined;
}

function readProfile(env: Env, faults: string[]): Profile | undefined {
  const seed = readInteger(env, 'DEMO_SEED', faults);
  const given = readProfileJson(env['DEMO_PROFILE'] ?? '', faults);
  const parsed = parseProfile(seed === undefined ? given : { ...given, seed });
  if (parsed.kind === 'valid') return parsed.value;
  faults.push(...parsed.faults.map((fault) => `DEMO_PROFILE: ${fault}`));
  return undefined;
}

function readProfileJson(text: string, faults: string[]): object {
  if (text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text.trimStart().startsWith('{') ? text : readFileSync(text, 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
    faults.push('DEMO_PROFILE: expected a JSON object, found another kind of value');
  } catch (error) {
    faults.push(`DEMO_PROFILE: expected a JSON object or the path of a file with one: ${String(error)}`);
  }
  return {};
}
