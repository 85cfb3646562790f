const DURATION_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const SIZE_BYTES = { GiB: 1_073_741_824, MiB: 1_048_576, KiB: 1_024, B: 1 } as const;

export const DURATION_EXPECTED = 'a duration such as 30s (an integer and ms, s, m, h or d)';
export const SIZE_EXPECTED = 'a size such as 8MiB (an integer and B, KiB, MiB or GiB)';
export const SHARE_EXPECTED = 'a share such as 20% (0% to 100%)';

/** `30s` → 30000; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  return parseAmount(text, /^(\d+)(ms|s|m|h|d)$/, DURATION_MS);
}

/** `8MiB` → 8388608; undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  return parseAmount(text, /^(\d+)(B|KiB|MiB|GiB)$/, SIZE_BYTES);
}

/** `20%` → 0.2; undefined when the text is no share. */
export function parseShare(text: string): number | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent === undefined || Number(percent) > 100) return undefined;
  return Number(percent) / 100;
}

/** In the largest unit that says it exactly: 90000 → `90s`, 60000 → `1m`. */
export function formatDuration(durationMs: number): string {
  return formatAmount(durationMs, DURATION_MS, 's');
}

export function formatSize(sizeBytes: number): string {
  return formatAmount(sizeBytes, SIZE_BYTES, 'B');
}

function parseAmount(text: string, shape: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = shape.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const amount = Number(digits) * (units[unit] ?? Number.NaN);
  return Number.isSafeInteger(amount) ? amount : undefined;
}

function formatAmount(amount: number, units: Readonly<Record<string, number>>, zeroUnit: string): string {
  const whole = Math.round(amount);
  if (whole === 0) return `0${zeroUnit}`;
  const [unit, size] = Object.entries(units).find(([, unitSize]) => whole % unitSize === 0) ?? [zeroUnit, 1];
  return `${whole / size}${unit}`;
}
