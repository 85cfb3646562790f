import { AuthorizationError, type ConnectionOptions } from '@nats-io/nats-core';

export interface Address {
  /** `nats://[user:password@]host:port`; several, separated by commas. */
  readonly url: string;
  /** Shown in the server's monitoring. */
  readonly name: string;
  readonly inboxPrefix?: string;
}

/** Two unanswered pings make a connection stale: a half-open socket is noticed within 4.5 s. */
const PING_INTERVAL_MS = 1_500;
const PINGS_UNANSWERED = 2;
const HANDSHAKE_TIMEOUT_MS = 3_000;
const RECONNECT_WAIT_MS = 250;

export function connectionOptions(address: Address): ConnectionOptions {
  const urls = address.url.split(',').map((part) => parseUrl(part.trim()));
  const first = urls[0];
  return {
    servers: urls.map((url) => url.host),
    name: address.name,
    ...(urls.some((url) => url.protocol === 'tls:') ? { tls: {} } : {}),
    ...(first !== undefined && first.username !== '' ? credentialsOf(first) : {}),
    ...(address.inboxPrefix === undefined ? {} : { inboxPrefix: address.inboxPrefix }),
    maxReconnectAttempts: -1,
    // Without this, two refusals in a row end the connection for good, also when the server was only being set up anew.
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_WAIT_MS,
    timeout: HANDSHAKE_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: PINGS_UNANSWERED,
    // A stack trace per request costs more than the request.
    noAsyncTraces: true,
  };
}

export const isRefusal = (error: unknown): boolean => error instanceof AuthorizationError;

/** For logs: the same address without user and password. */
export function maskedUrl(address: string): string {
  return address.replaceAll(/\/\/[^@,/]*@/g, '//***@');
}

function parseUrl(url: string): URL {
  try {
    return new URL(url.includes('://') ? url : `nats://${url}`);
  } catch (cause) {
    throw new Error(`PENSTOCK_NATS_URL: expected nats://host:port, found ${maskedUrl(url)}`, { cause });
  }
}

/** A lone user is a token, as in every NATS client. */
function credentialsOf(url: URL): Pick<ConnectionOptions, 'user' | 'pass' | 'token'> {
  const user = decodeURIComponent(url.username);
  return url.password === '' ? { token: user } : { user, pass: decodeURIComponent(url.password) };
}
