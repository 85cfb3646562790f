/** What an answer took at the upstream, from the moment in which its request was read, in microseconds. */
export const TOOK_FIELD = 'x-took-micros';
