import { membersOf } from './list-members.js';

/** One header line as it came: its name in the case that was sent. */
export type Field = readonly [name: string, value: string];
/** Header lines in the order that they came in; a field that was sent twice stands here twice. */
export type Fields = readonly Field[];

/** Whether `name` is `lowercase` in any case. Compares the lengths first: it runs for every line of every request. */
export function isNamed(name: string, lowercase: string): boolean {
  return name.length === lowercase.length && (name === lowercase || name.toLowerCase() === lowercase);
}

/** The combined value of a field (RFC 9110 5.3), undefined when it is absent. */
export function fieldValue(fields: Fields, name: string): string | undefined {
  const lowercase = name.toLowerCase();
  let combined: string | undefined;
  for (const field of fields) {
    if (isNamed(field[0], lowercase)) combined = combined === undefined ? field[1] : `${combined}, ${field[1]}`;
  }
  return combined;
}

export function fieldLines(fields: Fields, name: string): string[] {
  const lowercase = name.toLowerCase();
  return fields.filter((field) => isNamed(field[0], lowercase)).map((field) => field[1]);
}

export function withoutFields(fields: Fields, names: ReadonlySet<string>): Fields {
  return fields.filter((field) => !names.has(field[0].toLowerCase()));
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  // RFC 9110 7.6.1: "Intermediaries SHOULD remove or replace fields that are known to require removal before forwarding"
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  // RFC 9110 6.5.1: trailer sections are not relayed, so the field that announces them would not be true.
  'trailer',
  // RFC 9110 11.7: these are said to the next proxy, which is us, or by it.
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
]);

/** By its name alone; what a message's own Connection field names comes on top. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name.toLowerCase());
}

/**
 * RFC 9110 7.6.1: "Intermediaries MUST parse a received Connection header field before a message is forwarded and, for each
 * connection-option in this field, remove any header or trailer field(s) from the message with the same name as the
 * connection-option, and then remove the Connection header field itself".
 */
export function withoutHopByHop(fields: Fields): Fields {
  const connection = fieldValue(fields, 'connection');
  if (connection === undefined) return withoutFields(fields, HOP_BY_HOP);
  return withoutFields(fields, new Set([...HOP_BY_HOP, ...membersOf(connection.toLowerCase())]));
}

/** From the flat list (name, value, name, value) in which Node hands over what came in. */
export function fieldsFromRaw(rawHeaders: readonly string[]): Fields {
  const fields: Field[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) fields.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  return fields;
}

/** RFC 9110 7.6.3: the protocol version in which the message was received, and who passes it on. */
export function viaField(receivedVersion: string, receivedBy: string): Field {
  return ['Via', `${receivedVersion} ${receivedBy}`];
}

/** RFC 9110 7.6.3: "A proxy MUST send an appropriate Via header field in each message that it forwards": a line after the others. */
export function withVia(fields: Fields, receivedVersion: string, receivedBy: string): Fields {
  return [...fields, viaField(receivedVersion, receivedBy)];
}

/** Whether a message has been through `receivedBy` already: a loop, where that name belongs to one process only. */
export function hasPassed(fields: Fields, receivedBy: string): boolean {
  const via = fieldValue(fields, 'via');
  if (via === undefined) return false;
  return membersOf(via).some((hop) => hop.split(/[ \t]+/)[1] === receivedBy);
}

/**
 * RFC 9110 7.6.2: "If the received Max-Forwards value is greater than zero, the intermediary MUST generate an updated Max-Forwards field
 * in the forwarded message with a field value that is (...) the received value decremented by one (1)", for TRACE and OPTIONS.
 */
export function withOneForwardLess(fields: Fields): Fields {
  return fields.map((field): Field => {
    if (!isNamed(field[0], 'max-forwards') || !/^\d+$/.test(field[1])) return field;
    return [field[0], String(Math.max(0, Number(field[1]) - 1))];
  });
}
