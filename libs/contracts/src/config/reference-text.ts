import { textAsWritten } from './readers.js';
import type { Reader } from './reading.js';
import { brokenReference, missingVariable, splitReferences, variableOf } from './references.js';
import type { Environment, ReferencePart, ReferenceProblem } from './references.js';

/** Stays as written. Only that the variables exist is checked: a secret file may be readable by the dispatcher alone. */
export function textWithReferences(expected: string): Reader<string> {
  const asWritten = textAsWritten(expected);
  return (spot, reading) => {
    const text = asWritten(spot, reading);
    for (const problem of problemsOf(text ?? '', reading.env)) reading.refuse(spot, problem.expected, problem);
    return text;
  };
}

export function nothingMissing(text: string, env: Environment): boolean {
  return problemsOf(text, env).length === 0;
}

function problemsOf(text: string, env: Environment): ReferenceProblem[] {
  return splitReferences(text).flatMap((part) => problemOf(part, env) ?? []);
}

function problemOf(part: ReferencePart, env: Environment): ReferenceProblem | undefined {
  if (part.kind === 'broken') return brokenReference(part.text);
  // Set but empty is as good as missing: the upstream would refuse every call.
  return part.kind === 'variable' && !variableOf(env, part.name) ? missingVariable(env, part.name) : undefined;
}
