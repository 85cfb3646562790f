import { FirstLight1700000000001 } from './0001-first-light.js';

/** In order; never edited once released. */
export const MIGRATIONS = [FirstLight1700000000001];
