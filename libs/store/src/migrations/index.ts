import { FirstLight1700000000001 } from './0001-first-light.js';
import { BodiesAsTheyCome1700000000002 } from './0002-bodies-as-they-come.js';
import { DeferredAnswers1700000000003 } from './0003-deferred-answers.js';
import { RatesOfChange1700000000004 } from './0004-rates-of-change.js';
import { KnownStale1700000000005 } from './0005-known-stale.js';
import { ListCursors1700000000006 } from './0006-list-cursors.js';

/** In order; never edited once released. */
export const MIGRATIONS = [
  FirstLight1700000000001,
  BodiesAsTheyCome1700000000002,
  DeferredAnswers1700000000003,
  RatesOfChange1700000000004,
  KnownStale1700000000005,
  ListCursors1700000000006,
];
