// The house's own lint rules, each small enough to be read at a glance. HOUSE.md has the reasons; house.test.ts has a planted
// fault and a clean counterpart for each.
import { habitRules } from './habits.js';
import { importRules } from './imports.js';
import { nameRules } from './names.js';
import { placeRules } from './places.js';

export const house = {
  meta: { name: 'house' },
  rules: { ...importRules, ...placeRules, ...nameRules, ...habitRules },
};
