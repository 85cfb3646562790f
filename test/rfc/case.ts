/**
 * A case is data: a sentence of an RFC, and exchanges that show whether it is obeyed. The same cases are put to Penstock (rfc.test.ts)
 * and to other caches (compare/), so nothing in a case knows what it is put to, unless `only` says so.
 */
export interface RfcCase {
  /** Such as `RFC 9111 5.2.2.1`. */
  readonly section: string;
  /** The sentence, word for word; parts left out are marked by (...). */
  readonly says: string;
  /** What this case does with it, where there are several for one sentence. */
  readonly where: string;
  /** In this order. */
  readonly exchanges: readonly Exchange[];
  /** Its upstream is asked by no other case: for answers after which an upstream is left alone for a while. */
  readonly alone?: true;
  /** It asks for what the RFC leaves open, or for a field of ours: not put to others. */
  readonly only?: 'penstock';
}

export interface Exchange {
  readonly ask?: Ask;
  /** What the upstream says if it is asked; absent: 200 without any field but Date and Content-Length. */
  readonly answer?: Answer;
  /** What it says if it is asked again within the exchange, in this order. */
  readonly then?: readonly Answer[];
  readonly expect: Expected;
  /** Asked again until it comes out so: for what happens after an answer, such as a refresh in the background. */
  readonly until?: true;
}

export interface Ask {
  /** GET where absent. */
  readonly method?: string;
  /** After the case's own path: `?a=1`, `/other`. */
  readonly path?: string;
  readonly fields?: FieldsOf;
  readonly body?: string;
}

/** When a message is sent, and the path of its case, as the upstream sees it. */
export interface Sending {
  readonly nowMs: number;
  readonly path: string;
}

/** A value that is made when it is sent, so that cases can place themselves in time without waiting: see times.ts. */
export type Value = string | ((sending: Sending) => string);
/** Several lines of one name: a list. */
export type FieldsOf = Readonly<Record<string, Value | readonly Value[]>>;

export interface Answer {
  readonly status?: number;
  /** `Date` is now where absent; an empty list leaves it out. */
  readonly fields?: FieldsOf;
  /** Absent: text that no other exchange has. */
  readonly body?: string;
  /** The connection is closed instead of an answer, or in the middle of its body. */
  readonly breaksOff?: 'at-once' | 'in-the-body';
  /** For a 304: said to a conditional request alone; any other gets a 200 with these fields. */
  readonly ifAsked?: true;
  /** A 103 with this Link is sent before it. */
  readonly earlyHint?: string;
  readonly afterMs?: number;
}

/**
 * Who answered.
 *
 * - `upstream`: it was asked, once, and the client got just that.
 * - `cache`: it was not asked; the client got the answer of an earlier exchange.
 * - `validated`: it was asked and said 304; the client got the answer of an earlier exchange.
 * - `kept`: it was asked and failed; the client got the answer of an earlier exchange.
 * - `proxy`: it was not asked, and the proxy answered for itself.
 * - `failure`: it was asked, did not do its part, and the proxy said so.
 */
export type From = 'upstream' | 'cache' | 'validated' | 'kept' | 'proxy' | 'failure';

export interface Expected {
  readonly from: From;
  /** Absent: the status of the answer that is expected. */
  readonly status?: number;
  /** Absent: the body of the answer that is expected; none for HEAD, 204 and 304. */
  readonly body?: string;
  /** Of the client's answer, by name; null: not there. */
  readonly fields?: Readonly<Record<string, Match>>;
  /** Of the request that the upstream got, by name; null: not there. */
  readonly seen?: Readonly<Record<string, Match>>;
  /** Method that the upstream got. */
  readonly seenMethod?: string;
  /** What it got after the case's own path. */
  readonly seenPath?: string;
  /** Which earlier exchange gave the answer, counted from 0; absent: the last that was answered by the upstream. */
  readonly of?: number;
  /** How often the upstream is asked; absent: as `from` says. */
  readonly calls?: number;
  /** The upstream may have been asked in the background meanwhile. */
  readonly background?: true;
}

export type Match = string | RegExp | null | ((value: string | undefined) => boolean);

export function titleOf({ section, says, where }: RfcCase): string {
  return `${section}: "${says}": ${where}`;
}

/** For a field that holds a number of seconds. */
export function between(least: number, most: number): (value: string | undefined) => boolean {
  const match = (value: string | undefined): boolean =>
    value !== undefined && /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most;
  Object.defineProperty(match, 'name', { value: `between ${least} and ${most}` });
  return match;
}
