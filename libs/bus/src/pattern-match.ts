/** `*` is exactly one token, `>` one or more at the end. A filter is covered when all that it can match is matched by the pattern. */
export function covers(pattern: string, filter: string): boolean {
  const wanted = pattern.split('.');
  const given = filter.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return given.length > index;
    const other = given[index];
    if (other === undefined || other === '>') return false;
    if (token !== '*' && token !== other) return false;
  }
  return wanted.length === given.length;
}

/** Whether there is a subject that both match. */
export function overlap(a: string, b: string): boolean {
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const one = left[index];
    const two = right[index];
    if (one === undefined || two === undefined) return false;
    if (one === '>' || two === '>') return true;
    if (one !== '*' && two !== '*' && one !== two) return false;
  }
  return true;
}
