/*
 * Columns of many rows as PostgreSQL's binary arrays: https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES,
 * array_recv() in its source. pg sends a Buffer as a binary parameter and as it is; an array it would spell out as text, bodies in hexadecimal.
 */

/** pg_type.oid of what the array holds; PostgreSQL compares it with the parameter's type. */
const OID = { bytea: 17, bigint: 20, text: 25, json: 114, double: 701 } as const;

const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const BIGINT_BYTES = 8;
const DOUBLE_BYTES = 8;
/** What stands in place of the length where there is no value. */
const NULL_LENGTH = -1;
/** UTF-8 needs at most three bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;

export function textArray(values: readonly (string | undefined)[]): Buffer {
  return stringArray(values, OID.text);
}

/** Of JSON texts. */
export function jsonArray(values: readonly string[]): Buffer {
  return stringArray(values, OID.json);
}

/** What is no whole number that JavaScript can hold travels as null, so that the column's own rule refuses it. */
export function bigintArray(values: readonly number[]): Buffer {
  const target = Buffer.allocUnsafe(HEADER_BYTES + values.length * (LENGTH_BYTES + BIGINT_BYTES));
  let at = writeHeader(target, values.length, OID.bigint);
  for (const value of values) {
    if (!Number.isSafeInteger(value)) {
      at = target.writeInt32BE(NULL_LENGTH, at);
      continue;
    }
    const high = Math.floor(value / 2 ** 32);
    at = target.writeInt32BE(BIGINT_BYTES, at);
    at = target.writeInt32BE(high, at);
    at = target.writeUInt32BE(value - high * 2 ** 32, at);
  }
  return target.subarray(0, at);
}

export function doubleArray(values: readonly (number | null)[]): Buffer {
  const target = Buffer.allocUnsafe(HEADER_BYTES + values.length * (LENGTH_BYTES + DOUBLE_BYTES));
  let at = writeHeader(target, values.length, OID.double);
  for (const value of values) {
    if (value === null) at = target.writeInt32BE(NULL_LENGTH, at);
    else at = target.writeDoubleBE(value, target.writeInt32BE(DOUBLE_BYTES, at));
  }
  return target.subarray(0, at);
}

export function byteaArray(values: readonly Uint8Array[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + LENGTH_BYTES + value.byteLength, HEADER_BYTES);
  const target = Buffer.allocUnsafe(bytes);
  let at = writeHeader(target, values.length, OID.bytea);
  for (const value of values) {
    at = target.writeInt32BE(value.byteLength, at);
    target.set(value, at);
    at += value.byteLength;
  }
  return target.subarray(0, at);
}

function stringArray(values: readonly (string | undefined)[], oid: number): Buffer {
  const units = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
  const target = Buffer.allocUnsafe(HEADER_BYTES + values.length * LENGTH_BYTES + units * BYTES_PER_UNIT);
  let at = writeHeader(target, values.length, oid);
  for (const value of values) {
    if (value === undefined) {
      at = target.writeInt32BE(NULL_LENGTH, at);
      continue;
    }
    const bytes = target.write(value, at + LENGTH_BYTES);
    at = target.writeInt32BE(bytes, at) + bytes;
  }
  return target.subarray(0, at);
}

/** One dimension that begins at 1; nulls are seen by their length, whatever the flag says. */
function writeHeader(target: Buffer, length: number, oid: number): number {
  target.writeInt32BE(length === 0 ? 0 : 1, 0);
  target.writeInt32BE(0, 4);
  target.writeInt32BE(oid, 8);
  if (length === 0) return 12;
  target.writeInt32BE(length, 12);
  return target.writeInt32BE(1, 16);
}
