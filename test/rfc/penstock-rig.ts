import { openStack, type OpenStack } from '../e2e/open-stack.js';
import { placesBeneath, strictConfig } from './penstock-places.js';
import type { Tested } from './run-case.js';
import { startScriptedUpstream } from './scripted-upstream.js';

export interface PenstockRig extends Tested {
  readonly stack: OpenStack;
  close(): Promise<void>;
}

/** One stack for all cases, in profile strict: nothing is sent twice, and no limit is in the way. */
export async function openPenstock(): Promise<PenstockRig> {
  const upstream = await startScriptedUpstream();
  const stack = await openStack('rfc', { config: strictConfig(upstream.url), demo: false });
  return {
    upstream,
    stack,
    urlFor: placesBeneath(stack.dataUrl),
    close: async () => {
      await stack.stop();
      await upstream.close();
    },
  };
}
