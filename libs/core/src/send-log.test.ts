import { describe, expect, it } from 'vitest';
import { SendLog } from './send-log.js';

describe('a log of sends', () => {
  it('counts a send from when its bytes left, not from when it was let go', () => {
    const log = new SendLog(2, 1_000, 0);
    log.spend(0, 2);
    log.left(150);
    log.left(200);
    expect(log.free(1_149)).toBe(0);
    expect(log.free(1_150)).toBe(1);
    expect(log.freeAt(1_150, 2)).toBe(1_200);
    expect(log.free(1_200)).toBe(2);
  });

  it('moves the oldest that has not left, and none that has', () => {
    const log = new SendLog(3, 1_000, 0);
    log.spend(0, 1);
    log.left(10);
    log.spend(100, 1);
    log.left(300);
    log.left(900);
    expect(log.freeAt(500, 2)).toBe(1_010);
    expect(log.freeAt(500, 3)).toBe(1_300);
  });

  it('a send that was never seen to leave goes by the time at which it was let go', () => {
    const log = new SendLog(1, 1_000, 0);
    log.spend(0, 1);
    expect(log.free(1_000)).toBe(1);
    log.left(1_000);
    log.spend(1_001, 1);
    expect(log.freeAt(1_001, 1)).toBe(2_001);
  });
});
