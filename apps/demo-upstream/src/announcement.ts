import type { Form } from './profile.js';

/** When the caller was told to come back: so long after it got the answer, at an instant, or it was not told. */
export type AnnouncedEnd = { kind: 'after'; ms: number } | { kind: 'at'; epochMs: number } | { kind: 'unsaid' };

export interface Announcement {
  form: Form;
  status: 403 | 429;
  fields: string[];
  end: AnnouncedEnd;
}

/** A millionth is let off: 1000 ms that went through a sum of fractions must not become two seconds. */
const ceil = (value: number): number => Math.ceil(value - 1e-6);
const seconds = (ms: number): number => ceil(ms / 1000);

/** Rounded up in every form: whoever keeps to what was announced is never early. */
export function announcementOf(form: Form, remainingMs: number, untilAt: number): Announcement {
  switch (form) {
    case 'seconds':
      return inSeconds(seconds(remainingMs));
    case 'float':
      return inTenths(ceil(remainingMs / 100));
    case 'date':
      return atDate(seconds(untilAt) * 1000);
    case 'github':
      return atReset(seconds(untilAt));
    case 'none':
      return { form, status: 429, fields: [], end: { kind: 'unsaid' } };
  }
}

function inSeconds(count: number): Announcement {
  return {
    form: 'seconds',
    status: 429,
    fields: ['Retry-After', String(count)],
    end: { kind: 'after', ms: count * 1000 },
  };
}

function inTenths(count: number): Announcement {
  return {
    form: 'float',
    status: 429,
    fields: ['Retry-After', (count / 10).toFixed(1)],
    end: { kind: 'after', ms: count * 100 },
  };
}

function atDate(epochMs: number): Announcement {
  return {
    form: 'date',
    status: 429,
    fields: ['Retry-After', new Date(epochMs).toUTCString()],
    end: { kind: 'at', epochMs },
  };
}

function atReset(epochSeconds: number): Announcement {
  const fields = ['X-RateLimit-Remaining', '0', 'X-RateLimit-Reset', String(epochSeconds)];
  return { form: 'github', status: 403, fields, end: { kind: 'at', epochMs: epochSeconds * 1000 } };
}

/** Epoch ms. A throttle ends when it says it ends: what is told in whole seconds lasts whole seconds. */
export function endOfThrottle(form: Form, waitMs: number, nowAt: number): number {
  if (form === 'date' || form === 'github') return seconds(nowAt + waitMs) * 1000;
  return nowAt + (form === 'seconds' ? seconds(waitMs) * 1000 : waitMs);
}
