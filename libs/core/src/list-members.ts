const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The members of a separated list, trimmed, empty ones left out (RFC 9110 5.6.1.2). A separator inside a quoted string does not
 * part; a quote that is never closed is an ordinary character, so that it cannot swallow the members after it.
 */
export function membersOf(value: string, separator = ','): string[] {
  const members: string[] = [];
  let start = 0;
  let quotesPart = true;
  for (let at = 0; at <= value.length; at++) {
    if (quotesPart && value.charCodeAt(at) === QUOTE) {
      const end = endOfQuoted(value, at);
      if (end === -1) quotesPart = false;
      else at = end;
    } else if (at === value.length || value[at] === separator) {
      const member = value.slice(start, at).trim();
      if (member !== '') members.push(member);
      start = at + 1;
    }
  }
  return members;
}

function endOfQuoted(value: string, start: number): number {
  for (let at = start + 1; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return -1;
}

/** What a quoted string says; undefined when it is not one. */
export function unquoted(value: string): string | undefined {
  if (value.length < 2 || value[0] !== '"' || endOfQuoted(value, 0) !== value.length - 1) return undefined;
  return value.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}

/** `name`, `name=value` or `name="value"`: the name in lower case, the value as written. */
export function nameAndValue(member: string): { name: string; value: string | undefined } {
  const equals = member.indexOf('=');
  if (equals === -1) return { name: member.toLowerCase(), value: undefined };
  return { name: member.slice(0, equals).trimEnd().toLowerCase(), value: member.slice(equals + 1).trimStart() };
}
