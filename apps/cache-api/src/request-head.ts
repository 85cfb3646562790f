import { isNamed } from '#core';
import type { Fields } from '#core';
import type { ProblemCode } from './problems.js';

export interface RequestHead {
  readonly method: string;
  /** As in the request line. */
  readonly target: string;
  /** `1.0` or `1.1`. */
  readonly version: string;
  readonly fields: Fields;
}

export interface HeadFault {
  readonly code: ProblemCode;
  readonly detail: string;
}

const HOST = /^(?:\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

/** What Node's parser lets through and no proxy may: one pass over the lines, since every call pays for it. */
export function headFaultOf({ version, fields }: RequestHead): HeadFault | undefined {
  if (version !== '1.1' && version !== '1.0')
    return { code: 'http_version', detail: `expected HTTP/1.1, found HTTP/${version}` };
  let host: string | undefined;
  for (const [name, value] of fields) {
    if (isNamed(name, 'host')) {
      // RFC 9112 3.2: 400 to one "that contains more than one Host header field line or a Host header field with an invalid field value".
      if (host !== undefined) return malformed('expected one Host field, found several');
      if (!HOST.test(value)) return malformed(`expected a Host of name and port, found ${JSON.stringify(value)}`);
      host = value;
    } else if (isNamed(name, 'transfer-encoding')) {
      const fault = codingFault(value, version);
      if (fault !== undefined) return fault;
    }
  }
  // RFC 9112 3.2: "to any HTTP/1.1 request message that lacks a Host header field".
  return host === undefined && version !== '1.0' ? malformed('expected a Host field, found none') : undefined;
}

function codingFault(value: string, version: string): HeadFault | undefined {
  // RFC 9112 6.1: such a message is to be treated "as if the framing is faulty".
  if (version === '1.0') return malformed('expected no Transfer-Encoding in an HTTP/1.0 request');
  // RFC 9112 6.1: "A server that receives a request message with a transfer coding it does not understand SHOULD respond with 501".
  return value.trim().toLowerCase() === 'chunked'
    ? undefined
    : { code: 'transfer_coding', detail: `expected the transfer coding chunked alone, found ${JSON.stringify(value)}` };
}

function malformed(detail: string): HeadFault {
  return { code: 'malformed_request', detail };
}

/** Methods that a call may have; others that Node's parser knows pass too. */
export const ALLOWED = ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] as const;

/**
 * RFC 9110 7.6.2: "If the received value is zero (0), the intermediary MUST NOT forward the request; instead, the
 * intermediary MUST respond as the final recipient." 9.3.7: an OPTIONS of `*` is about the server that gets it, which is us.
 */
export function isForUsAlone({ method, target, fields }: RequestHead): boolean {
  if (method !== 'OPTIONS') return false;
  return target === '*' || fields.some(([name, value]) => isNamed(name, 'max-forwards') && /^0+$/.test(value.trim()));
}
