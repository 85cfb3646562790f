import { ask } from './asking.js';

export interface Arrival {
  readonly row: number;
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly kind: 'ordinary' | 'straggler' | 'probe' | 'violation';
  /** 0: not answered yet; -1: cut. */
  readonly status: number;
}

export interface Score {
  readonly arrivals: number;
  readonly throttles: number;
  readonly stragglers: number;
  readonly probes: number;
  readonly violations: number;
  /** On the clock of the arrivals. */
  readonly pauses: readonly { readonly form: string; readonly beganMs: number; readonly endsMs: number }[];
}

export type Form = 'seconds' | 'float' | 'date' | 'github' | 'none';
export type Fault = 'error' | 'slow' | 'reset' | 'truncate' | 'silent';

export interface Judge {
  score(): Promise<Score>;
  /** Every arrival since the last reset, or those at one path. */
  arrivals(path?: string): Promise<Arrival[]>;
  posts(): Promise<Record<string, { seen: number; refused: number }>>;
  reset(): Promise<void>;
  reshape(patch: object): Promise<void>;
  /** From the next arrival on. */
  throttle(retryAfterMs: number, form: Form): Promise<void>;
  /** The next `times` calls whose path begins so. */
  fault(fault: Fault, path: string, times?: number): Promise<void>;
}

/** The control side of the demo upstream: not counted as calls, not limited. */
export function judgeAt(demoUrl: string): Judge {
  const told = async <T>(path: string): Promise<T> => (await ask(demoUrl, `/__judge/${path}`)).json<T>();
  const order = async (path: string, body: object): Promise<void> => {
    const { status, text } = await ask(demoUrl, `/__judge/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (status >= 300) throw new Error(`the judge: expected to take ${path}, found ${status}: ${text}`);
  };
  return {
    score: () => told('score'),
    arrivals: async (path) => {
      const { arrivals } = await told<{ arrivals: Arrival[] }>('arrivals?limit=100000');
      return path === undefined ? arrivals : arrivals.filter((arrival) => arrival.path === path);
    },
    posts: async () => (await told<{ ids: Record<string, { seen: number; refused: number }> }>('posts')).ids,
    reset: () => order('reset', {}),
    reshape: (patch) => order('profile', patch),
    throttle: (retryAfterMs, form) => order('throttle', { retryAfterMs, form }),
    fault: (fault, path, times = 1) => order('fault', { fault, path, times }),
  };
}
