import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { inherited } from './config.js';
import { StackError } from './stack-error.js';

/** Who PostgreSQL runs as. It refuses to run as root, so root lends it another user of the machine. */
export type PostgresUser =
  | { kind: 'self' }
  | { kind: 'other'; uid: number; gid: number }
  /** The other user cannot reach the files (a clone below /root, say): it keeps root's right to pass through folders. */
  | { kind: 'passing'; uid: number; gid: number };

const candidates = ['postgres', 'nobody'];

export function postgresUser(paths: string[]): PostgresUser {
  if (process.getuid?.() !== 0) return { kind: 'self' };
  const user = candidates.map(idsOf).find((ids) => ids !== undefined);
  if (!user) throw asRoot('found neither a user postgres nor a user nobody');
  if (paths.every((path) => mayPass(path, user))) return { kind: 'other', ...user };
  requireSetpriv(paths);
  return { kind: 'passing', ...user };
}

/** The command as that user. */
export function runAs(
  user: PostgresUser,
  command: string,
  args: string[],
): { command: string; args: string[]; ids?: { uid: number; gid: number } } {
  if (user.kind === 'self') return { command, args };
  const ids = { uid: user.uid, gid: user.gid };
  if (user.kind === 'other') return { command, args, ids };
  const right = '-all,+dac_override';
  // Without the securebit access(2), which initdb asks before it starts postgres, would not count the right.
  const rights = [
    `--inh-caps=${right}`,
    `--ambient-caps=${right}`,
    `--bounding-set=${right}`,
    '--securebits=+no_setuid_fixup',
  ];
  return {
    command: 'setpriv',
    args: [`--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups', ...rights, command, ...args],
  };
}

function idsOf(name: string): { uid: number; gid: number } | undefined {
  try {
    const id = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

/** Whether the user may enter every folder above the path. */
function mayPass(path: string, { uid, gid }: { uid: number; gid: number }): boolean {
  const parent = dirname(path);
  if (parent === path) return true;
  const { mode, uid: owner, gid: group } = statSync(parent);
  const bit = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
  return (mode & bit) !== 0 && mayPass(parent, { uid, gid });
}

function requireSetpriv(paths: string[]): void {
  const found = (inherited['PATH'] ?? '').split(':').some((folder) => runs(`${folder}/setpriv`));
  if (!found) throw asRoot(`found that no other user can reach ${paths.join(' and ')}, and no setpriv (util-linux)`);
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function asRoot(found: string): StackError {
  return new StackError(
    'postgres',
    `PostgreSQL does not run as root: expected another user to run it as, ${found}`,
    'start as an ordinary user, move the clone out of a private folder such as /root, or set PENSTOCK_POSTGRES_URL',
  );
}
