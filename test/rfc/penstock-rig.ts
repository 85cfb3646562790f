import { openStack, type OpenStack } from '../e2e/open-stack.js';
import { startScriptedUpstream } from './scripted-upstream.js';
import type { Tested } from './run-case.js';

/** How many cases may have an upstream of their own. */
const ALONE = 12;

export interface PenstockRig extends Tested {
  readonly stack: OpenStack;
  close(): Promise<void>;
}

/** One stack for all cases, in profile strict: nothing is sent twice, and no limit is in the way. */
export async function openPenstock(): Promise<PenstockRig> {
  const upstream = await startScriptedUpstream();
  const alone = Array.from({ length: ALONE }, (_, n) => `alone-${n + 1}`);
  const stack = await openStack('rfc', { config: configOf(['strict', ...alone], upstream.url), demo: false });
  let taken = 0;
  return {
    upstream,
    stack,
    urlFor: (isAlone) => {
      if (!isAlone) return `${stack.dataUrl}/strict`;
      const id = alone[taken++];
      if (id === undefined)
        throw new Error(`expected at most ${ALONE} cases with an upstream of their own, found more`);
      return `${stack.dataUrl}/${id}`;
    },
    close: async () => {
      await stack.stop();
      await upstream.close();
    },
  };
}

function configOf(ids: readonly string[], baseUrl: string): string {
  const upstreams = ids.map(
    (id) => `
  ${id}:
    baseUrl: ${baseUrl}
    limits: { concurrency: 200, windows: [{ limit: 100000, per: 1s }] }
    retry: { network: { maxAttempts: 1 }, status: { maxAttempts: 1 } }
    timeouts: { wait: 5s }
    cache: { profile: strict }`,
  );
  return `upstreams:${upstreams.join('')}\n`;
}
