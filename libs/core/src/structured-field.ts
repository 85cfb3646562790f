const TOKEN = /^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*$/;

/** RFC 9651 4.1.6: a string in its quotes. What is not printable ASCII cannot stand in one and becomes a question mark. */
export function sfString(text: string): string {
  return `"${text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** A token where the text is one, else a string. */
export function sfTokenOrString(text: string): string {
  return TOKEN.test(text) ? text : sfString(text);
}
