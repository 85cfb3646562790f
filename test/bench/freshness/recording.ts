import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from '../../../apps/stack/src/config.js';

/** Of each record: when it changed, since it was first seen, and how long it was followed. */
export type Recording = readonly { readonly atMs: readonly number[]; readonly periodMs: number }[];

/** 2022-08-22 to 2026-08-22. */
const FOLLOWED_MINUTES = 4 * 365.25 * 24 * 60;
const MINUTE_MS = 60_000;

/** Where it comes from is told by the README beside it. */
export function readRecording(): Recording {
  return recordingOf(readFileSync(join(rootDir, 'test', 'bench', 'freshness', 'data', 'changes.csv'), 'utf8'));
}

export function recordingOf(csv: string): Recording {
  return csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const gaps = (line.split(',')[1] ?? '').split(' ').map(Number);
      const firstMinute = gaps[0] ?? 0;
      let minute = 0;
      const atMs = gaps.slice(1).map((gap) => (minute += gap) * MINUTE_MS);
      return { atMs, periodMs: Math.max(minute + 1, FOLLOWED_MINUTES - firstMinute) * MINUTE_MS };
    });
}
