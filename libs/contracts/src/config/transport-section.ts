import { nothingMissing, textWithReferences } from './reference-text.js';
import type { Reader, Section } from './reading.js';
import { splitReferences, variableOf } from './references.js';
import type { Environment } from './references.js';

/** Texts with their references, never what these hold: `resolveReference` gives that to the dispatcher. */
export interface TlsConfig {
  /** Certificates (PEM) of which one must have signed the upstream's; undefined: those that the system believes. */
  readonly ca: string | undefined;
}

const PROXY_EXPECTED =
  'an http or https URL of a proxy, such as http://proxy.example:3128 or "http://user:${PROXY_PASSWORD}@proxy.example:3128"';
const CA_EXPECTED = 'certificates in PEM, or a file of them such as ${file:/etc/ssl/crm-ca.pem}';

export const proxy: Reader<string> = (spot, reading) => {
  const text = textWithReferences(PROXY_EXPECTED)(spot, reading);
  if (text === undefined || !nothingMissing(text, reading.env)) return text;
  if (!isProxyUrl(filled(text, reading.env)))
    return reading.refuse(spot, PROXY_EXPECTED, { found: 'something else (not shown: it may hold a password)' });
  if (/:\/\/[^/]*[^/@:]:[^/@$]+@/.test(text))
    reading.warnings.push(
      `${spot.path} holds the password itself; a reference such as \${NAME} keeps it out of the file`,
    );
  return text;
};

const ca: Reader<string> = (spot, reading) => {
  const text = textWithReferences(CA_EXPECTED)(spot, reading);
  if (text === undefined || !nothingMissing(text, reading.env)) return text;
  const isInFile = splitReferences(text).some(({ kind }) => kind === 'file');
  // What stands in a file only the dispatcher may be able to read, who looks at it when it starts.
  return isInFile || /-----BEGIN CERTIFICATE-----/.test(filled(text, reading.env))
    ? text
    : reading.refuse(spot, CA_EXPECTED);
};

export function readTls(section: Section): TlsConfig {
  return { ca: section.optional('ca', ca) };
}

/** A proxy is a host and a port: what else a URL may have would not be sent. The text is complete, its references filled in. */
export function isProxyUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s\\?#/]+\/?$/i.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  try {
    return decodeURIComponent(username + password) !== '' || !text.includes('@');
  } catch {
    // A % in it that begins no octet.
    return false;
  }
}

/** What a file holds is not known here; a letter stands for it, since it may stand in any part of a URL. */
function filled(text: string, env: Environment): string {
  const parts = splitReferences(text);
  const [only] = parts;
  if (parts.length === 1 && only?.kind === 'file') return 'http://file';
  return parts
    .map((part) => {
      if (part.kind === 'literal') return part.text;
      return part.kind === 'variable' ? (variableOf(env, part.name) ?? '') : 'x';
    })
    .join('');
}
