const DAY_MS = 86_400_000;

/** The time until the next midnight of a time zone. On the two days of a year whose clocks change it is an hour off. */
export function untilMidnight(timeZone: string, nowMs: number): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(nowMs);
  const part = (type: string): number => Number(parts.find((found) => found.type === type)?.value ?? 0);
  const sinceMs = ((part('hour') * 60 + part('minute')) * 60 + part('second')) * 1000 + (nowMs % 1000);
  return DAY_MS - sinceMs;
}
