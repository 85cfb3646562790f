/** First token of every subject and prefix of stream, bucket and schema names: lower case letters, digits, `_` and `-`. */
export function checkNamespace(namespace: string): string {
  if (/^[a-z][a-z0-9_-]{0,30}$/.test(namespace)) return namespace;
  throw new Error(
    `PENSTOCK_NAMESPACE: expected 1 to 31 of [a-z0-9_-], beginning with a letter; found ${JSON.stringify(namespace)}`,
  );
}
