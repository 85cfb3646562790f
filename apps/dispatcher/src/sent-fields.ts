import { isNamed } from '#core';
import type { Field, Fields } from '#core';
import type { Flight } from './flight.js';

/** What the upstream is sent: the asker's fields, the validators unless they proved wrong, and the upstream's own credential. */
export function sentFields({ order, unconditional }: Flight, credential: Fields): Fields {
  const sent: Field[] = [];
  for (const field of order.fields) if (!isReplaced(field, credential)) sent.push(field);
  if (!unconditional) sent.push(...order.validators);
  sent.push(...credential);
  return sent;
}

function isReplaced([name]: Field, credential: Fields): boolean {
  for (const [own] of credential) if (isNamed(name, own.toLowerCase())) return true;
  return false;
}
