import { nearestOf } from './nearest.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A piece of a text: `${NAME}`, `${file:/run/secrets/x}`, what stands between them, or a `${` that is neither. */
export type ReferencePart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'broken'; readonly text: string };

export function splitReferences(text: string): ReferencePart[] {
  return text
    .split(/(\$\{[^}]*\}?)/)
    .filter((piece) => piece !== '')
    .map(partOf);
}

function partOf(piece: string): ReferencePart {
  if (!piece.startsWith('${')) return { kind: 'literal', text: piece };
  const name = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(piece)?.[1];
  if (name !== undefined) return { kind: 'variable', name };
  const path = /^\$\{file:(\/[^}]+)\}$/.exec(piece)?.[1];
  if (path !== undefined) return { kind: 'file', path };
  return { kind: 'broken', text: piece };
}

/** `Object.hasOwn`, since `${constructor}` would else be found in every environment. */
export function variableOf(env: Environment, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

export interface ReferenceProblem {
  readonly expected: string;
  readonly found: string;
  readonly nearest?: string;
}

export function missingVariable(env: Environment, name: string): ReferenceProblem {
  const set = Object.keys(env).filter((candidate) => variableOf(env, candidate) !== undefined);
  const nearest = nearestOf(name, set);
  const found = variableOf(env, name) === '' ? `${name} is set but empty` : `${name} is not set`;
  return { expected: `the environment variable ${name} to be set`, found, ...(nearest && { nearest }) };
}

export function brokenReference(text: string): ReferenceProblem {
  return {
    expected:
      'a reference such as ${NAME} or, in credentials.value, proxy and tls.ca only, ${file:/run/secrets/x} (absolute path)',
    found: JSON.stringify(text),
  };
}

export type Filled =
  | { readonly kind: 'filled'; readonly text: string }
  | { readonly kind: 'refused'; readonly problems: readonly ReferenceProblem[] };

/** Puts the variables' values into a text. What a variable holds is not read for references again. */
export function fillFromEnvironment(text: string, env: Environment): Filled {
  const problems: ReferenceProblem[] = [];
  const pieces = splitReferences(text).map((part) => {
    if (part.kind === 'literal') return part.text;
    const value = part.kind === 'variable' ? variableOf(env, part.name) : undefined;
    if (value === undefined) problems.push(problemOf(part, env));
    return value ?? '';
  });
  return problems.length === 0 ? { kind: 'filled', text: pieces.join('') } : { kind: 'refused', problems };
}

function problemOf(part: Exclude<ReferencePart, { kind: 'literal' }>, env: Environment): ReferenceProblem {
  if (part.kind === 'variable') return missingVariable(env, part.name);
  return brokenReference(part.kind === 'file' ? `\${file:${part.path}}` : part.text);
}

export type ResolvedReference =
  { readonly kind: 'resolved'; readonly value: string } | { readonly kind: 'missing'; readonly what: string };

export interface ReferenceSource {
  readonly env: Environment;
  /** May throw, as `readFileSync` does. */
  readonly readFile: (path: string) => string;
}

/** The secret behind `credentials.value`. For the dispatcher only: the value must not be stored, logged or sent on. */
export function resolveReference(text: string, source: ReferenceSource): ResolvedReference {
  const pieces: string[] = [];
  for (const part of splitReferences(text)) {
    const piece = resolvePart(part, source);
    if (piece.kind === 'missing') return piece;
    pieces.push(piece.value);
  }
  return { kind: 'resolved', value: pieces.join('') };
}

function resolvePart(part: ReferencePart, { env, readFile }: ReferenceSource): ResolvedReference {
  switch (part.kind) {
    case 'literal':
      return { kind: 'resolved', value: part.text };
    case 'variable':
      return secretOf(variableOf(env, part.name), `the environment variable ${part.name}`);
    case 'file':
      return secretOf(readOrUndefined(part.path, readFile), `the file ${part.path}`);
    case 'broken':
      return { kind: 'missing', what: `a reference that can be read instead of ${JSON.stringify(part.text)}` };
  }
}

function readOrUndefined(path: string, readFile: (path: string) => string): string | undefined {
  try {
    return readFile(path);
  } catch {
    // Why a secret cannot be read is for its owner to see; the reader is told which one.
    return undefined;
  }
}

function secretOf(raw: string | undefined, where: string): ResolvedReference {
  // Secret files usually end in a line break, which a field value must not hold.
  const value = raw?.replace(/[\r\n]+$/, '');
  if (value === undefined) return { kind: 'missing', what: `${where} (not set, or not readable)` };
  if (value === '') return { kind: 'missing', what: `${where} (empty)` };
  // RFC 9110 section 5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous".
  if (/[\r\n\0]/.test(value)) return { kind: 'missing', what: `one line in ${where} (it holds several)` };
  return { kind: 'resolved', value };
}
