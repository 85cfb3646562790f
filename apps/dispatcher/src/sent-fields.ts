import { withoutFields } from '#core';
import type { Fields } from '#core';
import type { Flight } from './flight.js';

/** What the upstream is sent: the asker's fields, the validators unless they proved wrong, and the upstream's own credential. */
export function sentFields({ order, unconditional }: Flight, credential: Fields): Fields {
  const names = new Set(credential.map(([name]) => name.toLowerCase()));
  const own = names.size === 0 ? order.fields : withoutFields(order.fields, names);
  return [...own, ...(unconditional ? [] : order.validators), ...credential];
}
