import { sfString } from './structured-field.js';

/** Proxy error types of RFC 9209 2.3, by their registered names. */
export type ProxyErrorType =
  | 'dns_timeout'
  | 'dns_error'
  | 'destination_not_found'
  | 'destination_unavailable'
  | 'destination_ip_prohibited'
  | 'destination_ip_unroutable'
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'connection_read_timeout'
  | 'connection_write_timeout'
  | 'connection_limit_reached'
  | 'tls_protocol_error'
  | 'tls_certificate_error'
  | 'tls_alert_received'
  | 'http_request_error'
  | 'http_request_denied'
  | 'http_response_incomplete'
  | 'http_response_header_section_size'
  | 'http_response_body_size'
  | 'http_response_transfer_coding'
  | 'http_response_content_coding'
  | 'http_response_timeout'
  | 'http_protocol_error'
  | 'proxy_internal_error'
  | 'proxy_configuration_error'
  | 'proxy_loop_detected';

/** Who said no, and why. */
export interface ProxyStatus {
  readonly error: ProxyErrorType;
  readonly nextHop?: string | undefined;
  /** Status of the last answer from the upstream, if there was one. */
  readonly receivedStatus?: number | undefined;
  readonly details?: string | undefined;
}

export function renderProxyStatus({ error, nextHop, receivedStatus, details }: ProxyStatus): string {
  let told = `penstock; error=${error}`;
  if (nextHop !== undefined) told += `; next-hop=${sfString(nextHop)}`;
  if (receivedStatus !== undefined) told += `; received-status=${receivedStatus}`;
  if (details !== undefined) told += `; details=${sfString(details)}`;
  return told;
}
