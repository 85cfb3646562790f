import { readFileSync } from 'node:fs';

interface Reading {
  atMs: number;
  idle: number;
  total: number;
}

/** How busy the whole machine is, whoever keeps it so. Nothing where there is no /proc. */
export class BusyMeter {
  private readonly readings: Reading[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly read: () => string | undefined = procStat) {}

  start(everyMs = 1_000): void {
    this.look(performance.now());
    this.timer = setInterval(() => this.look(performance.now()), everyMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  look(atMs: number): void {
    const text = this.read();
    if (text !== undefined) this.readings.push({ atMs, ...parseCpuLine(text) });
  }

  /** Share of all processors' time between two instants; null when that was not looked at. */
  share(fromMs: number, toMs: number): number | null {
    const inside = this.readings.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const [first, last] = [inside[0], inside.at(-1)];
    if (first === undefined || last === undefined || last.total === first.total) return null;
    return 1 - (last.idle - first.idle) / (last.total - first.total);
  }
}

function procStat(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  return readFileSync('/proc/stat', 'utf8');
}

/** proc(5): user nice system idle iowait irq softirq steal; waiting for a disk is idle time. */
export function parseCpuLine(text: string): { idle: number; total: number } {
  const fields = (text.split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  const total = fields.reduce((sum, value) => sum + value, 0);
  return { idle: (fields[3] ?? 0) + (fields[4] ?? 0), total };
}
