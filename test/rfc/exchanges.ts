import type { Answer, Ask, Exchange, Expected, FieldsOf, Match, RfcCase } from './case.js';

type Matches = Readonly<Record<string, Match>>;

/** The cases of one sentence. */
export function sentence(section: string, says: string): (where: string, ...exchanges: Exchange[]) => RfcCase {
  return (where, ...exchanges) => ({ section, says, where, exchanges });
}

/** The upstream is asked and answers with these fields. */
export function says(fields: FieldsOf = {}, more: Omit<Answer, 'fields'> = {}): Exchange {
  return { answer: { ...more, fields }, expect: { from: 'upstream' } };
}

/** The upstream is asked, whatever it says. */
export const ASKED: Exchange = { expect: { from: 'upstream' } };

/** Answered from the store, without a call. */
export const STORED: Exchange = { expect: { from: 'cache' } };

export function storedWith(fields: Matches): Exchange {
  return { expect: { from: 'cache', fields } };
}

/** The upstream is asked with the validators of what is stored, and says that it still holds. */
export function validated(fields: FieldsOf = {}, expect: Omit<Expected, 'from'> = {}): Exchange {
  return { answer: { status: 304, fields, ifAsked: true }, expect: { from: 'validated', ...expect } };
}

/** The proxy answers by itself, without a call. */
export function refused(status: number): Exchange {
  return { expect: { from: 'proxy', status } };
}

/** The same exchange with these fields in the request. */
export function by(fields: FieldsOf, exchange: Exchange): Exchange {
  return asking({ fields }, exchange);
}

export function asking(ask: Ask, exchange: Exchange): Exchange {
  return { ...exchange, ask: { ...exchange.ask, ...ask } };
}

export function expecting(expect: Partial<Expected>, exchange: Exchange): Exchange {
  return { ...exchange, expect: { ...exchange.expect, ...expect } };
}

export function maxAge(seconds: number): FieldsOf {
  return { 'Cache-Control': `max-age=${seconds}` };
}

/** Of these fields that it stays fresh is only true for a cache of our own kind, or for one that reads this field. */
export function ours(rfcCase: RfcCase): RfcCase {
  return { ...rfcCase, only: 'penstock' };
}
