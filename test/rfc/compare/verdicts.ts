import type { RfcCase } from '../case.js';
import { runCase, type Tested } from '../run-case.js';

/** What one cache made of one case: nothing to say, or the first thing that came out otherwise. */
export type Verdict = { readonly kind: 'as-said' } | { readonly kind: 'otherwise'; readonly how: string };

const AT_ONCE = 8;
/** A cache that does not answer at all is not waited for. */
const LONGEST_MS = 20_000;

/** In the order of the cases. */
export async function verdictsOf(cases: readonly RfcCase[], tested: Tested): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const left = cases.entries();
  const work = async (): Promise<void> => {
    for (const [at, one] of left) verdicts[at] = await verdictOf(one, tested);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return verdicts;
}

async function verdictOf(one: RfcCase, tested: Tested): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => resolve(['no answer in time']), LONGEST_MS);
  });
  try {
    const [fault] = await Promise.race([runCase(one, tested), late]);
    return fault === undefined ? { kind: 'as-said' } : { kind: 'otherwise', how: fault };
  } catch (error) {
    return { kind: 'otherwise', how: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
