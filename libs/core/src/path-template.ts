/** Paths that differ in one place: `/items/{id}`. */
export interface PathTemplate {
  /** What stands in that place, decoded; undefined: the path is of another kind. */
  idOf(path: string): string | undefined;
  pathOf(id: string): string;
}

const PLACE = '{id}';

export function pathTemplate(text: string): PathTemplate {
  const [before = '', after = ''] = text.split(PLACE, 2);
  return {
    idOf(path) {
      const isAlike = path.length > before.length + after.length && path.startsWith(before) && path.endsWith(after);
      return isAlike ? decoded(path.slice(before.length, path.length - after.length)) : undefined;
    },
    pathOf: (id) => before + encodeURIComponent(id) + after,
  };
}

/** One segment or one value of a query; what is no valid escape is no id. */
function decoded(place: string): string | undefined {
  if (/[/?&#]/.test(place)) return undefined;
  try {
    return decodeURIComponent(place);
  } catch {
    return undefined;
  }
}
