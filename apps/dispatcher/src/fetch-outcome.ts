import type { FailureCode } from '#contracts';
import type { Fields } from '#core';
import type { AnswerFlow } from './route/answer-flow.js';

/** What one attempt at the upstream came to. A 429 or a time-out is an outcome, never an exception. */
export type FetchOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly fields: Fields;
      readonly body: Uint8Array;
      /** Instead of it, where it is too large to be kept: to be read by one who asked, or dropped. */
      readonly flow?: AnswerFlow | undefined;
      readonly requestedAt: number;
      readonly receivedAt: number;
    }
  | {
      readonly kind: 'failed';
      readonly code: FailureCode;
      readonly detail: string;
      /** False only where it is certain that no byte reached the upstream. */
      readonly sent: boolean;
      /** Whoever sent it took it back. */
      readonly abandoned?: true;
    };

const SAME_AGAIN: ReadonlySet<FailureCode> = new Set(['answer_too_large', 'destination_refused', 'internal']);

/** Whether sending again would only bring the same failure. */
export function wouldRepeat({ code }: { readonly code: FailureCode }): boolean {
  return SAME_AGAIN.has(code);
}

/** The failure that a thrown error stands for. undici's and Node's codes are the stable part of such errors. */
export function failureOf(error: unknown): Extract<FetchOutcome, { kind: 'failed' }> {
  const code = codeOf(error);
  const known = FAILURES[code];
  const detail = error instanceof Error ? error.message : String(error);
  if (known !== undefined)
    return { kind: 'failed', code: known.code, detail: `${known.says} (${code})`, sent: known.sent };
  return { kind: 'failed', code: 'incomplete_answer', detail: `the exchange broke off: ${detail}`, sent: true };
}

/** An error that we raise ourselves on the way out, with a code of the table below. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError';
  constructor(readonly code: keyof typeof FAILURES) {
    super(FAILURES[code]?.says ?? String(code));
  }
}

export function isUploadBroken(error: unknown): boolean {
  return error instanceof AttemptError && error.code === 'PENSTOCK_UPLOAD_BROKE';
}

const NOT_BELIEVED = {
  code: 'connection_refused',
  sent: false,
  says: 'the certificate of the upstream was not signed by anyone who is believed; its CA belongs in the key tls.ca',
} as const;

const FAILURES: Record<string, { code: FailureCode; sent: boolean; says: string }> = {
  ECONNREFUSED: { code: 'connection_refused', sent: false, says: 'the upstream refused the connection' },
  EHOSTUNREACH: { code: 'connection_refused', sent: false, says: 'the upstream cannot be reached' },
  ENETUNREACH: { code: 'connection_refused', sent: false, says: 'the network of the upstream cannot be reached' },
  ENOTFOUND: { code: 'dns_error', sent: false, says: 'the name of the upstream has no address' },
  EAI_AGAIN: { code: 'dns_error', sent: false, says: 'the name of the upstream could not be looked up' },
  PENSTOCK_PRIVATE_ADDRESS: {
    code: 'destination_refused',
    sent: false,
    says: 'the upstream resolves to a private address; set allowPrivateAddresses: true if that is meant',
  },
  PENSTOCK_PROXY_AWAY: { code: 'connection_refused', sent: false, says: 'the proxy of the upstream cannot be reached' },
  PENSTOCK_PROXY_REFUSED: {
    code: 'connection_refused',
    sent: false,
    says: 'the proxy would not connect to the upstream: see its rules, and the user and password in the key proxy',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_BELIEVED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_BELIEVED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_BELIEVED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_BELIEVED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_BELIEVED,
  CERT_HAS_EXPIRED: { code: 'connection_refused', sent: false, says: 'the certificate of the upstream has expired' },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: 'connection_refused',
    sent: false,
    says: 'the certificate of the upstream is for another name',
  },
  PENSTOCK_TAKEN_BACK: { code: 'outcome_unknown', sent: true, says: 'the call was taken back by whoever sent it' },
  PENSTOCK_UPLOAD_BROKE: {
    code: 'outcome_unknown',
    sent: true,
    says: 'the body of the request broke off before the upstream had all of it',
  },
  PENSTOCK_MAY_NOT_LEAVE: {
    code: 'holder_away',
    sent: false,
    says: 'the lease of the upstream ran out before the call could be written',
  },
  UND_ERR_CONNECT_TIMEOUT: { code: 'connection_timeout', sent: false, says: 'no connection within timeouts.connect' },
  UND_ERR_HEADERS_TIMEOUT: { code: 'response_timeout', sent: true, says: 'no answer within timeouts.response' },
  UND_ERR_BODY_TIMEOUT: { code: 'body_timeout', sent: true, says: 'the body was not complete within timeouts.body' },
  PENSTOCK_BODY_TIMEOUT: { code: 'body_timeout', sent: true, says: 'the body was not complete within timeouts.body' },
  PENSTOCK_TOO_LARGE: { code: 'answer_too_large', sent: true, says: 'the answer is larger than cache.maxBody' },
  UND_ERR_SOCKET: {
    code: 'incomplete_answer',
    sent: true,
    says: 'the upstream closed the connection before the answer was complete',
  },
  ECONNRESET: { code: 'incomplete_answer', sent: true, says: 'the upstream reset the connection' },
  EPIPE: { code: 'incomplete_answer', sent: true, says: 'the upstream closed the connection while it was sent to' },
  UND_ERR_HEADERS_OVERFLOW: { code: 'invalid_answer', sent: true, says: 'the fields of the answer are too large' },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    code: 'incomplete_answer',
    sent: true,
    says: 'the body is not as long as Content-Length said',
  },
  UND_ERR_RES_EXCEEDED_MAX_SIZE: {
    code: 'answer_too_large',
    sent: true,
    says: 'the answer is larger than cache.maxBody',
  },
  PENSTOCK_TRANSFER_CODING: {
    code: 'invalid_answer',
    sent: true,
    says: 'the answer has a transfer coding besides chunked, which nobody asked for',
  },
  UND_ERR_HTTP_PARSER: { code: 'invalid_answer', sent: true, says: 'the answer is not HTTP' },
  UND_ERR_INVALID_ARG: { code: 'internal', sent: false, says: 'the request could not be put into HTTP' },
};

function codeOf(error: unknown): string {
  const { code, cause, name } = error as { code?: unknown; cause?: unknown; name?: unknown };
  if (typeof code === 'string' && code in FAILURES) return code;
  // undici knows no code for most of what its parser refuses.
  if (name === 'HTTPParserError') return 'UND_ERR_HTTP_PARSER';
  return cause === undefined || cause === null ? String(code ?? '') : codeOf(cause);
}
