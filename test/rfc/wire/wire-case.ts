/**
 * A case of what no HTTP client would send: the bytes as they are, in both directions. Like those of cases/ it is data under a sentence of
 * an RFC; what differs is that framing itself is what it is about.
 */
export interface WireCase {
  /** Such as `RFC 9112 6.1`. */
  readonly section: string;
  /** The sentence, word for word; parts left out are marked by (...). */
  readonly says: string;
  readonly where: string;
  /** On one connection; each piece is sent when the answers to those before it have come. */
  readonly pieces: readonly (string | ((place: Place) => string))[];
  /** What the upstream says, byte for byte, before it closes the connection; absent: a plain 200. */
  readonly answer?: string;
  readonly expect: WireExpected;
}

export interface Place {
  /** Path of the case, below that of the upstream. */
  readonly path: string;
  /** Host and port that are declared for the forward-proxy form. */
  readonly declared: string;
}

export interface WireExpected {
  /** Of all answers on the connection, interim ones included, in order. */
  readonly statuses: readonly number[];
  /** Of the last answer. */
  readonly body?: string;
  /** Of the last answer, by name; null: not there. */
  readonly fields?: Readonly<Record<string, RegExp | null>>;
  /** How often the upstream is asked; absent: 0 for what ends in an error of ours, else 1. */
  readonly calls?: number;
  /** What the upstream got last. */
  readonly seen?: {
    readonly body?: string;
    readonly fields?: Readonly<Record<string, RegExp | null>>;
    readonly method?: RegExp;
  };
  /** Whether the proxy closes the connection after the last answer. */
  readonly closes?: boolean;
  /** The last answer is to a HEAD. */
  readonly isHead?: true;
}

/** The cases of one sentence. */
export function onTheWire(
  section: string,
  says: string,
): (where: string, pieces: WireCase['pieces'], expect: WireExpected, answer?: string) => WireCase {
  return (where, pieces, expect, answer) => ({
    ...{ section, says, where, pieces, expect },
    ...(answer === undefined ? {} : { answer }),
  });
}

/** A request of these lines below its request line. */
export function ask(lines: string, { method = 'GET', version = '1.1', body = '' } = {}): (place: Place) => string {
  return ({ path }) => `${method} ${path} HTTP/${version}\r\n${lines}\r\n${body}`;
}
