import type { AddressInfo } from 'node:net';
import type { Clock } from './clock.js';
import { openDemo, type Demo } from './demo.js';
import { mergePatch } from './merge-patch.js';
import { parseProfile } from './profile.js';
import { serve } from './server.js';

/** A demo behind a real port whose time moves only when it is told to. Used by the tests, never by the demo. */
export interface Rig {
  url: string;
  demo: Demo;
  call(path: string, init?: RequestInit): Promise<Response>;
  /** Status of a call whose body is read to the end. */
  status(path: string, init?: RequestInit): Promise<number>;
  control<T>(path: string, body?: unknown): Promise<T>;
  pass(ms: number): void;
  close(): Promise<void>;
}

const QUICK = { items: 200, latency: { p50Ms: 0, p99Ms: 0, throttledMs: 0 }, limits: { windows: [] } };
export const RIG_STARTED_AT = Date.UTC(2026, 0, 1);

export async function openRig(profile: object = {}): Promise<Rig> {
  const parsed = parseProfile(mergePatch(QUICK, profile));
  if (parsed.kind === 'faulty') throw new Error(parsed.faults.join('; '));
  let passedMs = 0;
  const clock: Clock = { monotonicMs: () => 10_000 + passedMs, epochMs: () => RIG_STARTED_AT + passedMs };
  const demo = openDemo(parsed.value, clock);
  const server = serve(demo);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // eslint-disable-next-line house/upstream-client -- a test calls the demo itself, as the outside would
  const call = (path: string, init?: RequestInit): Promise<Response> => fetch(url + path, init);
  return {
    url,
    demo,
    call,
    status: async (path, init) => {
      const response = await call(path, init);
      await response.arrayBuffer();
      return response.status;
    },
    control: async <T>(path: string, body?: unknown): Promise<T> => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      // The caller names what it expects there; a test that is wrong about it fails on what it reads.
      return (await (await call(`/__judge/${path}`, init)).json()) as T;
    },
    pass: (ms) => {
      passedMs += ms;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
