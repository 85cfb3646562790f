import type { RfcCase } from './case.js';
import { cases as choosing } from './cases/choosing.js';
import { cases as codings } from './cases/codings.js';
import { cases as explaining } from './cases/explaining.js';
import { cases as fields } from './cases/fields.js';
import { cases as freshness } from './cases/freshness.js';
import { cases as invalidating } from './cases/invalidating.js';
import { cases as messages } from './cases/messages.js';
import { cases as ranges } from './cases/ranges.js';
import { cases as requestDirectives } from './cases/request-directives.js';
import { cases as responseDirectives } from './cases/response-directives.js';
import { cases as stale } from './cases/stale.js';
import { cases as storedFields } from './cases/stored-fields.js';
import { cases as storing } from './cases/storing.js';
import { cases as targeted } from './cases/targeted.js';
import { cases as validating } from './cases/validating.js';

/** Every file of cases/, by its name. */
export const CASES: Readonly<Record<string, readonly RfcCase[]>> = {
  choosing,
  codings,
  explaining,
  fields,
  freshness,
  invalidating,
  messages,
  ranges,
  'request-directives': requestDirectives,
  'response-directives': responseDirectives,
  stale,
  'stored-fields': storedFields,
  storing,
  targeted,
  validating,
};

export const allCases: readonly RfcCase[] = Object.values(CASES).flat();
