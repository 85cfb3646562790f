import { timingSafeEqual } from 'node:crypto';

export interface ControlAccess {
  readonly token: string | undefined;
  /** Bound to loopback: then only pages that came from loopback may ask, which is what Host and Origin tell. */
  readonly onLoopback: boolean;
}

export type AccessVerdict = 'admitted' | 'token-required' | 'foreign-host' | 'foreign-origin';

const LOOPBACK_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/** Whether a request to the control plane is let in. A name that was rebound to 127.0.0.1 shows in Host, a foreign page in Origin. */
export function accessVerdict(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  access: ControlAccess,
): AccessVerdict {
  if (access.token !== undefined)
    return isSame(text(headers['authorization']), `Bearer ${access.token}`) ? 'admitted' : 'token-required';
  if (!access.onLoopback) return 'token-required';
  if (!LOOPBACK_NAME.test(text(headers['host']))) return 'foreign-host';
  const origin = text(headers['origin']);
  return origin === '' || LOOPBACK_NAME.test(origin.replace(/^https?:\/\//i, '')) ? 'admitted' : 'foreign-origin';
}

function text(value: string | string[] | undefined): string {
  return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
