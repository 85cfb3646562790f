/**
 * Matches a glob from the configuration. Over a `path` (no query), `*` is any run of characters within one segment and a
 * segment `**` is any number of segments, none included: `/search/**` matches `/search` and `/search/a/b`. Over a `field`
 * value, `*` is any run of characters. Letters match by case.
 *
 * Not a regular expression: field values come from clients, and one with several `.*` can be made to take seconds.
 */
export function globMatch(pattern: string, text: string, over: 'path' | 'field'): boolean {
  if (over === 'field') return wildMatch([...pattern], [...text], runOfCharacters);
  return wildMatch(pattern.split('/'), text.split('/'), {
    isWild: (segment) => segment === '**',
    matches: (segment, part) => wildMatch([...segment], [...part], runOfCharacters),
  });
}

interface Rules {
  isWild(symbol: string): boolean;
  matches(symbol: string, item: string): boolean;
}

const runOfCharacters: Rules = {
  isWild: (symbol) => symbol === '*',
  matches: (symbol, item) => symbol === item,
};

/** Goes back to the last wildcard only: an earlier one has nothing to gain by taking more. At worst |pattern| · |items|. */
function wildMatch(pattern: readonly string[], items: readonly string[], rules: Rules): boolean {
  let at = 0;
  let wildAt = -1;
  let resumeAt = 0;
  for (let index = 0; index < items.length;) {
    const symbol = pattern[at];
    if (symbol !== undefined && rules.isWild(symbol)) {
      wildAt = at;
      resumeAt = index;
      at += 1;
    } else if (symbol !== undefined && rules.matches(symbol, items[index] ?? '')) {
      at += 1;
      index += 1;
    } else {
      if (wildAt === -1) return false;
      at = wildAt + 1;
      resumeAt += 1;
      index = resumeAt;
    }
  }
  return pattern.slice(at).every((symbol) => rules.isWild(symbol));
}
