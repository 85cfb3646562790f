/** How the scopes of an upstream are called, in records, in events and in the live view. */

export type ScopeKind = 'upstream' | 'bucket' | 'credential';

export const WHOLE_UPSTREAM = 'upstream';
/** The calls that no declared bucket matches. */
export const REST = 'default';

export const bucketId = (name: string): string => `bucket:${name}`;
export const credentialId = (partition: string): string => `credential:${partition.slice(0, 16)}`;
export const isCredential = (scope: string): boolean => scope.startsWith('credential:');

export function kindOf(scope: string): ScopeKind {
  if (scope === WHOLE_UPSTREAM) return 'upstream';
  return isCredential(scope) ? 'credential' : 'bucket';
}
