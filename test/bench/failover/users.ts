import { penstockCaller } from '../story/callers.js';

/** What users were told, by status; 0: cut. */
export type Told = Readonly<Record<string, number>>;

export interface Load {
  /** Since this was last asked. */
  take(): Told;
  /** The longest that one had to wait for its answer, since this was last asked. */
  takeLongestMs(): number;
  stop(): Promise<void>;
}

/** People who each want what nobody has read before, open loop: every one of them must be sent for. */
export function startLoad(dataUrl: string, perSecond: number): Load {
  const call = penstockCaller(dataUrl);
  let told: Record<string, number> = {};
  let longestMs = 0;
  let asked = 0;
  const open = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const beganMs = performance.now();
    const path = `/crm/cold/${(asked += 1)}`;
    const one = call({ method: 'GET', path, headers: {} }).then((end) => {
      const status = end.kind === 'answered' ? String(end.status) : '0';
      told[status] = (told[status] ?? 0) + 1;
      longestMs = Math.max(longestMs, performance.now() - beganMs);
      open.delete(one);
    });
    open.add(one);
  }, 1_000 / perSecond);
  return {
    take() {
      const taken = told;
      told = {};
      return taken;
    },
    takeLongestMs() {
      const taken = longestMs;
      longestMs = 0;
      return taken;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
    },
  };
}
