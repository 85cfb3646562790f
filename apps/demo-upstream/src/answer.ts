/** A text is of ASCII characters only, each of which is one byte: node:http sends it in one piece with the head. */
export type Payload = Buffer | string;

/** What a route answers; `fields` is a flat name, value list, and may be one that others answer with too. */
export interface Answer {
  status: number;
  fields: readonly string[];
  body: Payload;
}

export const NO_BODY = Buffer.alloc(0);
export const JSON_TYPE: readonly string[] = ['Content-Type', 'application/json'];

export function json(status: number, value: unknown, fields: string[] = []): Answer {
  return { status, fields: [...JSON_TYPE, ...fields], body: payloadOf(JSON.stringify(value)) };
}

export function refusal(status: number, code: string, message: string, fields: string[] = []): Answer {
  return json(status, { error: code, message }, fields);
}

export function notFound(path: string): Answer {
  return refusal(404, 'not_found', `there is nothing at ${path}`);
}

export function payloadOf(text: string): Payload {
  return isAscii(text) ? text : Buffer.from(text);
}

/** Of what JSON.stringify makes, which escapes control characters. */
export function isAscii(text: string): boolean {
  return !/[^\t-~]/.test(text);
}

/** JSON of a request body; undefined when it is none. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
