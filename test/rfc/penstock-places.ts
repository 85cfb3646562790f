/** How many cases may have an upstream of their own. */
const MOST_ALONE = 12;
const ALONE = Array.from({ length: MOST_ALONE }, (_, n) => `alone-${n + 1}`);

/** Profile strict: nothing is sent twice, and no limit is in the way. */
export function strictConfig(baseUrl: string): string {
  const upstreams = ['strict', ...ALONE].map(
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

/** Where a case is put: all beneath one upstream, but for those that want one of their own. */
export function placesBeneath(dataUrl: string): (isAlone: boolean) => string {
  let taken = 0;
  return (isAlone) => {
    if (!isAlone) return `${dataUrl}/strict`;
    const id = ALONE[taken++];
    if (id === undefined)
      throw new Error(`expected at most ${MOST_ALONE} cases with an upstream of their own, found more`);
    return `${dataUrl}/${id}`;
  };
}
