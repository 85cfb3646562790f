export const BASE_URL_EXPECTED =
  'an http or https URL without user, query or fragment, such as https://api.crm.example/v2';
export const HOST_EXPECTED = 'a host such as api.crm.example, with a port where it is not 80';

/** Origin and path without a slash at the end; undefined when this cannot be a `baseUrl`. */
export function parseBaseUrl(text: string): string | undefined {
  // What `URL` would quietly mend (spaces, backslashes, missing slashes) or drop (an empty query) is refused.
  if (!/^https?:\/\/[^\s\\?#]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || /@/.test(text.split('/')[2] ?? '')) return undefined;
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** The host as it stands in the absolute form of a request target: lower case, port 80 left out. */
export function parseHost(text: string): string | undefined {
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?$/i.test(text)) return undefined;
  const origin = `http://${text}`;
  if (!URL.canParse(origin)) return undefined;
  return new URL(origin).host.replace(/\.(?=:|$)/, '');
}
