import { isNamed } from '#core';
import type { Field, Fields } from '#core';
import { ASKED_CODINGS } from './body-coding.js';
import type { Flight, Order } from './flight.js';

type Sendable = Pick<Flight, 'unconditional'> & { readonly order: Pick<Order, 'purpose' | 'fields' | 'validators'> };

/**
 * What the upstream is sent: the asker's fields, the validators unless they proved wrong, and the upstream's own credential. Codings are
 * the asker's to choose only where nobody else gets the answer.
 */
export function sentFields({ order, unconditional }: Sendable, credential: Fields): Fields {
  const sent: Field[] = [];
  const isOurs = order.purpose === 'read' || order.purpose === 'revalidate';
  for (const field of order.fields)
    if (!isReplaced(field, credential) && !(isOurs && isNamed(field[0], 'accept-encoding'))) sent.push(field);
  if (isOurs) sent.push(ASKED_CODINGS);
  if (!unconditional) sent.push(...order.validators);
  sent.push(...credential);
  return sent;
}

function isReplaced([name]: Field, credential: Fields): boolean {
  for (const [own] of credential) if (isNamed(name, own.toLowerCase())) return true;
  return false;
}
