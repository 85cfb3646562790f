/** The candidate that is the fewest slips away from `word`; undefined when none is near enough to be what was meant. */
export function nearestOf(word: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.ceil(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Insertions, removals, replacements, and two neighbours swapped (`cahce`) count one each. */
export function editDistance(from: string, to: string): number {
  // No known key is anywhere near this long, and the table below grows with the product.
  if (from.length > 64 || to.length > 64) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      current.push(cheapest({ from, to, row, column }, { before, above, current }));
    }
    [before, above] = [above, current];
  }
  return above[to.length] ?? Number.POSITIVE_INFINITY;
}

interface Cell {
  readonly from: string;
  readonly to: string;
  readonly row: number;
  readonly column: number;
}

interface Rows {
  readonly before: readonly number[];
  readonly above: readonly number[];
  readonly current: readonly number[];
}

function cheapest({ from, to, row, column }: Cell, { before, above, current }: Rows): number {
  const at = (cells: readonly number[], index: number): number => cells[index] ?? Number.POSITIVE_INFINITY;
  const replaced = at(above, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
  const swaps = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
  const swapped = row > 1 && column > 1 && swaps ? at(before, column - 2) + 1 : Number.POSITIVE_INFINITY;
  return Math.min(at(above, column) + 1, at(current, column - 1) + 1, replaced, swapped);
}
