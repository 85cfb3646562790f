import type { FetchItem } from '#contracts';

/** Those that the same request fields ask for stand together, in their order: what brings one variant brings no other. */
export function askedAlike(items: readonly FetchItem[]): FetchItem[][] {
  const alike = new Map<string, FetchItem[]>();
  for (const item of items) {
    const fields = JSON.stringify(item.requestFields);
    const others = alike.get(fields);
    if (others === undefined) alike.set(fields, [item]);
    else others.push(item);
  }
  return [...alike.values()];
}
