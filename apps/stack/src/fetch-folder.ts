import { accessSync, constants, chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { diskError } from './stack-error.js';

/** The first of the folders that can be made and written. */
export function ensureWritable(folders: string[]): string {
  let refusal: unknown;
  for (const folder of folders) {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch (error) {
      refusal = error;
    }
  }
  throw diskError(refusal, folders.at(-1) ?? 'no folder');
}

/** Work in a folder that is gone afterwards, whatever happens. It lies beside its target, so that a rename from it is one step. */
export async function inScratch<T>(folder: string, work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(join(folder, '.fetching-'));
  try {
    return await work(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Puts a verified binary in its place in one step; whoever came first has put the same there. */
export function install(binary: string, target: string): string {
  const ready = `${binary}.ready`;
  copyFileSync(binary, ready);
  chmodSync(ready, 0o755);
  mkdirSync(join(target, '..'), { recursive: true });
  renameSync(ready, target);
  return target;
}
