import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from './clock.js';
import type { Fetches } from './fetches.js';
import type { Notes } from './notes.js';
import type { Shelf } from './shelf.js';

/** What the API answers from. */
export interface Api {
  shelf: Shelf;
  notes: Notes;
  fetches: Fetches;
  clock: Clock;
}

export interface ApiCall {
  method: string;
  /** As sent, with the query. */
  url: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  rawHeaders: string[];
  body: Buffer;
}
