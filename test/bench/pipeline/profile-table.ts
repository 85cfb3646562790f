import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** As V8 writes it: a tree of calls, and which leaf of it was running at each look. Times in µs. */
export interface CpuProfile {
  nodes: readonly ProfileNode[];
  startTime: number;
  samples: readonly number[];
  timeDeltas: readonly number[];
}

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: readonly number[];
}

/** On the clock of the profile, which all processes of one machine share. */
export interface Span {
  fromMicros: number;
  toMicros: number;
}

export interface Cost {
  name: string;
  selfMicros: number;
  /** With all that it called; a function that calls itself counts once. */
  inclusiveMicros: number;
}

/** Waiting is no work. */
const IDLE = '(idle)';
/** All is called by it, which tells nothing. */
const ROOT = '(root)';

/** What each function cost within the spans, over all profiles of one program. */
export function costsOf(profiles: readonly CpuProfile[], spans: readonly Span[], rootDir: string): Cost[] {
  const costs = new Map<string, Cost>();
  for (const profile of profiles) addUp(profile, selfTimes(profile, spans), rootDir, costs);
  return [...costs.values()];
}

function selfTimes({ startTime, samples, timeDeltas }: CpuProfile, spans: readonly Span[]): Map<number, number> {
  const micros = new Map<number, number>();
  let atMicros = startTime;
  samples.forEach((id, i) => {
    // V8 gives the time before a sample; what lasted until the next look belongs to it.
    atMicros += timeDeltas[i] ?? 0;
    const lasted = Math.max(0, timeDeltas[i + 1] ?? 0);
    if (spans.some(({ fromMicros, toMicros }) => atMicros >= fromMicros && atMicros < toMicros))
      micros.set(id, (micros.get(id) ?? 0) + lasted);
  });
  return micros;
}

function addUp(profile: CpuProfile, self: Map<number, number>, rootDir: string, costs: Map<string, Cost>): void {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const visit = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const name = nameOf(node, rootDir);
    const own = name === IDLE ? 0 : (self.get(node.id) ?? 0);
    const path = new Set(above).add(name);
    const below = (node.children ?? []).map((id) => nodes.get(id)).filter((child) => child !== undefined);
    const all = below.reduce((sum, child) => sum + visit(child, path), own);
    const cost = costs.get(name) ?? { name, selfMicros: 0, inclusiveMicros: 0 };
    cost.selfMicros += own;
    if (!above.has(name)) cost.inclusiveMicros += all;
    costs.set(name, cost);
    return all;
  };
  const root = profile.nodes[0];
  if (root !== undefined) visit(root, new Set());
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode, rootDir: string): string {
  if (url === '') return functionName === '' ? '(native)' : functionName;
  const file = url.startsWith('file:') ? relative(rootDir, fileURLToPath(url)) : url;
  return `${functionName === '' ? '(anonymous)' : functionName} ${file}:${lineNumber + 1}`;
}

/** The functions that cost most, by their own time and by all that they called. */
export function topTable(program: string, costs: readonly Cost[], refreshes: number, most = 25): string {
  const total = costs.reduce((sum, { selfMicros }) => sum + selfMicros, 0);
  const line = (name: string, micros: number): string =>
    `  ${((100 * micros) / Math.max(1, total)).toFixed(1).padStart(5)} %  ${(micros / Math.max(1, refreshes)).toFixed(1).padStart(6)} µs  ${name}`;
  const top = (of: (cost: Cost) => number): string[] =>
    costs
      .filter((cost) => of(cost) > 0 && cost.name !== ROOT)
      .toSorted((a, b) => of(b) - of(a))
      .slice(0, most)
      .map((cost) => line(cost.name, of(cost)));
  return [
    `${program}: ${(total / Math.max(1, refreshes)).toFixed(0)} µs a refresh; its own time`,
    ...top(({ selfMicros }) => selfMicros),
    `${program}: with all that was called`,
    ...top(({ inclusiveMicros }) => inclusiveMicros),
    '',
  ].join('\n');
}
