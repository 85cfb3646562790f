import { X509Certificate } from 'node:crypto';
import { isProxyUrl, resolveReference } from '#contracts';
import type { ReferenceSource, UpstreamConfig } from '#contracts';

export interface Transport {
  readonly proxy: string | undefined;
  readonly ca: string | undefined;
}

/** The proxy and the CA of an upstream, with what their references hold: like the credential they live in the dispatcher only. */
export function transportOf({ id, proxy, tls }: UpstreamConfig, source: ReferenceSource): Transport {
  const found = {
    proxy: resolved(proxy, `the proxy of upstream ${id}`, source),
    ca: resolved(tls.ca, `the CA of upstream ${id}`, source),
  };
  if (found.proxy !== undefined && !isProxyUrl(found.proxy))
    throw new Error(
      `the proxy of upstream ${id} is no http or https URL of a host and a port; correct what its reference holds`,
    );
  if (found.ca !== undefined && !isCertificate(found.ca))
    throw new Error(`the CA of upstream ${id} is no certificate in PEM; correct what its reference holds`);
  return found;
}

function resolved(text: string | undefined, what: string, source: ReferenceSource): string | undefined {
  if (text === undefined) return undefined;
  const found = resolveReference(text, source);
  if (found.kind === 'resolved') return found.value;
  throw new Error(`${what} cannot be resolved here: ${found.what}; set it for the dispatcher too`);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.byteLength > 0;
  } catch {
    // OpenSSL's reasons say nothing that the one who set it could use.
    return false;
  }
}
