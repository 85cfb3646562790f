import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Usage {
  pid: number;
  seconds: number;
}

/** CPU seconds by name, over restarts: a process that came back begins at zero. Nothing where there is no /proc. */
export class CpuMeter {
  private readonly last = new Map<string, Usage>();
  private readonly spent = new Map<string, number>();

  constructor(
    private readonly pids: () => Record<string, number | undefined>,
    private readonly readSeconds: () => (pid: number) => number | undefined = readTreeSeconds,
  ) {
    this.look();
    for (const name of this.spent.keys()) this.spent.set(name, 0);
  }

  look(): void {
    const secondsOf = this.readSeconds();
    for (const [name, pid] of Object.entries(this.pids())) {
      const seconds = pid === undefined ? undefined : secondsOf(pid);
      if (pid === undefined || seconds === undefined) continue;
      const last = this.last.get(name);
      const grown = last?.pid === pid ? Math.max(0, seconds - last.seconds) : seconds;
      this.spent.set(name, (this.spent.get(name) ?? 0) + grown);
      this.last.set(name, { pid, seconds });
    }
  }

  seconds(): Record<string, number> {
    this.look();
    return Object.fromEntries(this.spent);
  }
}

/** A process and all that descend from it: PostgreSQL works in children. */
function readTreeSeconds(): (pid: number) => number | undefined {
  const table = readTable();
  return (pid) => treeSeconds(table, pid);
}

function treeSeconds(table: Map<number, Row>, root: number): number | undefined {
  if (!table.has(root)) return undefined;
  let total = 0;
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    total += table.get(pid)?.ticks ?? 0;
    for (const [child, { parent }] of table) if (parent === pid) waiting.push(child);
  }
  return total / TICKS_PER_SECOND;
}

interface Row {
  parent: number;
  ticks: number;
}

function readTable(): Map<number, Row> {
  const table = new Map<number, Row>();
  if (process.platform !== 'linux') return table;
  for (const name of readdirSync('/proc')) {
    const row = /^\d+$/.test(name) ? readRow(Number(name)) : undefined;
    if (row !== undefined) table.set(Number(name), row);
  }
  return table;
}

function readRow(pid: number): Row | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** proc(5): after the command in brackets come state, ppid, ...; utime, stime, cutime, cstime are the 12th to 15th from there. */
export function parseStat(text: string): Row {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return { parent: fields[1] ?? 0, ticks };
}
