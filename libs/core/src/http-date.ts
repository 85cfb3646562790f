const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const CLOCK = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;
const MONTH = String.raw`(?<month>[a-z]{3})`;
// RFC 9110 5.6.7: "A recipient that parses a timestamp value in an HTTP field MUST accept all three HTTP-date formats."
// RFC 9111 4.2: "Although all date formats are specified to be case-sensitive, a cache recipient SHOULD match the field value
// case-insensitively."
const FORMATS = [
  new RegExp(String.raw`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d\d) ${MONTH} (?<year>\d{4}) ${CLOCK} GMT$`, 'i'),
  new RegExp(
    String.raw`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d\d)-${MONTH}-(?<year>\d\d) ${CLOCK} GMT$`,
    'i',
  ),
  new RegExp(String.raw`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>[ \d]\d) ${CLOCK} (?<year>\d{4})$`, 'i'),
];
/** RFC 9110 5.6.7 places a two-digit year at most 50 years ahead. A fixed border keeps this free of a clock; it holds until 2050. */
const FIRST_YEAR_OF_THE_1900S = 70;

/** Epoch ms of an HTTP-date; undefined when it is not one, or names a day that does not exist. */
export function parseHttpDate(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (value.length > LONGEST_REMEMBERED) return parseOnce(value);
  if (parsed.has(value)) return parsed.get(value);
  if (parsed.size >= MOST_PARSED) parsed.clear();
  const epochMs = parseOnce(value);
  parsed.set(value, epochMs);
  return epochMs;
}

/** All answers of one second bear one Date, and each is asked for several times. */
const MOST_PARSED = 256;
const LONGEST_REMEMBERED = 64;
const parsed = new Map<string, number | undefined>();

function parseOnce(value: string): number | undefined {
  const trimmed = value.trim();
  for (const format of FORMATS) {
    const parts = format.exec(trimmed)?.groups;
    if (parts !== undefined) return epochMsOf(parts);
  }
  return undefined;
}

function epochMsOf(parts: Record<string, string>): number | undefined {
  const month = MONTHS.indexOf((parts['month'] ?? '').toLowerCase());
  const [day, hour, minute] = [Number(parts['day']), Number(parts['hour']), Number(parts['minute'])];
  // A leap second is a valid HTTP-date; the epoch has no place for it.
  const second = Math.min(Number(parts['second']), 59);
  if (month === -1 || hour > 23 || minute > 59 || Number(parts['second']) > 60) return undefined;
  const epochMs = Date.UTC(fullYear(parts['year'] ?? ''), month, day, hour, minute, second);
  return new Date(epochMs).getUTCDate() === day ? epochMs : undefined;
}

function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 4) return year;
  return year < FIRST_YEAR_OF_THE_1900S ? 2000 + year : 1900 + year;
}

/** IMF-fixdate, the one format that a sender may generate (RFC 9110 5.6.7). */
export function formatHttpDate(epochMs: number): string {
  return new Date(epochMs).toUTCString();
}
