import type { Value } from './case.js';

/** An HTTP-date so many seconds from now; before now if negative. */
export function at(seconds: number): Value {
  return ({ nowMs }) => new Date(nowMs + seconds * 1000).toUTCString();
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** RFC 9110 5.6.7: the obsolete format of RFC 850. */
export function at850(seconds: number): Value {
  return ({ nowMs }) => {
    const date = new Date(nowMs + seconds * 1000);
    const [, day = '', month = '', year = '', clock = ''] = date.toUTCString().split(' ');
    return `${DAYS[date.getUTCDay()] ?? ''}, ${day}-${month}-${year.slice(2)} ${clock} GMT`;
  };
}

/** RFC 9110 5.6.7: the obsolete format of C's asctime. */
export function atAsctime(seconds: number): Value {
  return ({ nowMs }) => {
    const [weekday = '', day = '', month = '', year = '', clock = ''] = new Date(nowMs + seconds * 1000)
      .toUTCString()
      .split(' ');
    return `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${clock} ${year}`;
  };
}

/** A URL beneath the case's own path, in path form, or beneath another origin. */
export function pathOf(beyond: string, origin = ''): Value {
  return ({ path }) => `${origin}${path}${beyond}`;
}
