import type { Document, LineCounter, Node } from 'yaml';
import { isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { ConfigFault } from './config-fault.js';
import { nearestOf } from './nearest.js';
import type { Environment } from './references.js';

/** A place in the configuration: its path, and what stands there (null: a key without a value). */
export interface Spot {
  readonly path: string;
  readonly node: Node | null;
  readonly line: number | undefined;
}

/** Reads one value. Undefined: it is wrong, and the fault was told; whoever asked goes on to find the others. */
export type Reader<T> = (spot: Spot, reading: Reading) => T | undefined;

/** One pass over one file, which gathers every fault instead of ending at the first. */
export class Reading {
  readonly faults: ConfigFault[] = [];
  readonly warnings: string[] = [];

  constructor(
    private readonly document: Document,
    private readonly lines: LineCounter,
    readonly env: Environment,
  ) {}

  refuse(spot: Spot, expected: string, told: { found?: string; nearest?: string | undefined } = {}): undefined {
    this.faults.push({
      path: spot.path,
      expected,
      found: told.found ?? foundAt(spot),
      ...(spot.line !== undefined && { line: spot.line }),
      ...(told.nearest !== undefined && { nearest: told.nearest }),
    });
    return undefined;
  }

  /** The spot of a node, behind its alias if it is one. */
  spot(path: string, node: unknown, fallbackLine?: number): Spot {
    const target = isAlias(node) ? (node.resolve(this.document) ?? node) : node;
    return { path, node: isNode(target) ? target : null, line: this.lineOf(node) ?? fallbackLine };
  }

  lineOf(node: unknown): number | undefined {
    const start = isNode(node) ? node.range?.[0] : undefined;
    return start === undefined ? undefined : this.lines.linePos(start).line;
  }
}

/** A mapping that is being read. It knows which keys were asked for, so that what is left over is a fault. */
export class Section {
  readonly #spots = new Map<string, Spot>();
  readonly #known = new Set<string>();

  constructor(
    readonly spot: Spot,
    private readonly reading: Reading,
  ) {
    if (isMap(spot.node)) for (const pair of spot.node.items) this.#add(pair.key, pair.value);
    else if (!this.#isAbsent) reading.refuse(spot, 'a mapping of keys to values');
  }

  get keys(): string[] {
    return [...this.#spots.keys()];
  }

  /** A mapping without a key, or a key without a value; not what is no mapping at all, which was refused. */
  get isEmpty(): boolean {
    return this.#spots.size === 0 && (isMap(this.spot.node) || this.#isAbsent);
  }

  optional<T>(key: string, read: Reader<T>): T | undefined {
    this.#known.add(key);
    const spot = this.#spots.get(key);
    return spot && read(spot, this.reading);
  }

  field<T>(key: string, read: Reader<T>, absent: T): T {
    return this.optional(key, read) ?? absent;
  }

  required<T>(key: string, read: Reader<T>, absent: { expected: string; stopgap: T }): T {
    // Of what is no mapping at all it was told already.
    const isMissing = !this.#spots.has(key) && (isMap(this.spot.node) || this.#isAbsent);
    if (isMissing) this.refuse(key, absent.expected, 'nothing: this key is required');
    return this.field(key, read, absent.stopgap);
  }

  /** A mapping within this one; when it is absent, the body reads an empty one. */
  part<T>(key: string, body: (section: Section) => T): T {
    this.#known.add(key);
    return readSection(
      this.#spots.get(key) ?? { path: this.pathOf(key), node: null, line: this.spot.line },
      this.reading,
      body,
    );
  }

  has(key: string): boolean {
    return this.#spots.has(key);
  }

  pathOf(key: string): string {
    const step = /^[\w-]+$/.test(key) ? key : `[${JSON.stringify(key)}]`;
    return this.spot.path === '' || step.startsWith('[') ? this.spot.path + step : `${this.spot.path}.${step}`;
  }

  /** For what no single value shows, such as two keys that contradict each other. */
  refuse(key: string, expected: string, found?: string): void {
    const spot = this.#spots.get(key) ?? { path: this.pathOf(key), node: null, line: this.spot.line };
    this.reading.refuse(spot, expected, found === undefined ? {} : { found });
  }

  refuseWhole(expected: string, found: string): void {
    this.reading.refuse(this.spot, expected, { found });
  }

  tellUnknownKeys(): void {
    for (const [key, spot] of this.#spots) {
      if (this.#known.has(key)) continue;
      const unasked = [...this.#known].filter((known) => !this.#spots.has(known));
      const nearest = nearestOf(key, unasked) ?? nearestOf(key, this.#known);
      this.reading.refuse(spot, `one of the keys ${[...this.#known].join(', ')}`, {
        found: `the unknown key ${JSON.stringify(key)}`,
        nearest,
      });
    }
  }

  get #isAbsent(): boolean {
    return this.spot.node === null || isNull(this.spot.node);
  }

  #add(keyNode: unknown, value: unknown): void {
    const line = this.reading.lineOf(keyNode);
    const key = keyText(keyNode);
    if (key === undefined) {
      this.reading.refuse({ ...this.spot, line }, 'keys that are plain words', { found: 'a key that is no word' });
      return;
    }
    const spot = { ...this.reading.spot(this.pathOf(key), value), line };
    const earlier = this.#spots.get(key);
    if (earlier === undefined) this.#spots.set(key, spot);
    else
      this.reading.refuse(spot, 'each key once', { found: `a second "${key}" (the first is on line ${earlier.line})` });
  }
}

/** Reads a mapping with `body`, then tells the keys that `body` did not ask for. */
export function readSection<T>(spot: Spot, reading: Reading, body: (section: Section) => T): T {
  const section = new Section(spot, reading);
  const value = body(section);
  section.tellUnknownKeys();
  return value;
}

/** What stands at a spot, short, and without what may be a secret. */
function foundAt({ node, path }: Spot): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (isAlias(node)) return `the alias *${node.source} of nothing (a text that begins with * needs quotes)`;
  if (!isScalar(node) || isNull(node)) return 'nothing';
  if (/\.credentials(\.value)?$/.test(path)) return `a ${typeof node.value} (not shown: it may be a secret)`;
  if (typeof node.value !== 'string') return node.source ?? String(node.value);
  return JSON.stringify(shorten(withoutUserAndQuery(node.value)));
}

function withoutUserAndQuery(text: string): string {
  return /^\/|:\/\//.test(text) ? text.replace(/:\/\/.*@/s, '://***@').replace(/\?.*/s, '?***') : text;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function keyText(node: unknown): string | undefined {
  if (!isScalar(node) || isNull(node)) return undefined;
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

function isNull(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}
