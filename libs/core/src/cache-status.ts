import { sfTokenOrString } from './structured-field.js';

/** Why a request went to the upstream (RFC 9211 2.2). */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial';

/** How Penstock came by an answer. `hit` and `fwd` exclude each other (RFC 9211 2.2). */
export type CacheStatus =
  | { readonly kind: 'hit'; readonly ttlMs: number; readonly detail?: string | undefined }
  | {
      readonly kind: 'forwarded';
      readonly reason: ForwardReason;
      /** Of the upstream's answer; none when there was no answer. */
      readonly status?: number | undefined;
      readonly stored?: boolean;
      readonly collapsed?: boolean;
      readonly detail?: string | undefined;
    };

/** Our member of Cache-Status, to be appended to what others said (RFC 9211 2). */
export function renderCacheStatus(status: CacheStatus): string {
  const told =
    status.kind === 'hit' ? `penstock; hit; ttl=${Math.floor(status.ttlMs / 1000)}` : renderForwarded(status);
  return status.detail === undefined ? told : `${told}; detail=${sfTokenOrString(status.detail)}`;
}

function renderForwarded(status: Extract<CacheStatus, { kind: 'forwarded' }>): string {
  let told = `penstock; fwd=${status.reason}`;
  if (status.status !== undefined) told += `; fwd-status=${status.status}`;
  if (status.stored === true) told += '; stored';
  if (status.collapsed === true) told += '; collapsed';
  return told;
}
