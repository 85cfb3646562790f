/** What a route answers; `fields` is a flat name, value list. */
export interface Answer {
  status: number;
  fields: string[];
  body: Buffer;
}

export const NO_BODY = Buffer.alloc(0);
const JSON_TYPE = ['Content-Type', 'application/json'];

export function json(status: number, value: unknown, fields: string[] = []): Answer {
  return { status, fields: [...JSON_TYPE, ...fields], body: Buffer.from(JSON.stringify(value)) };
}

export function refusal(status: number, code: string, message: string, fields: string[] = []): Answer {
  return json(status, { error: code, message }, fields);
}

export function notFound(path: string): Answer {
  return refusal(404, 'not_found', `there is nothing at ${path}`);
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
