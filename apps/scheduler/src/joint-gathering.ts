import { inJointCalls, jointRuleOf } from '#contracts';
import type { JointRule } from '#contracts';
import type { Reminder } from './plan.js';

/** Reminders of what one call is to bring. */
export interface JointCall {
  readonly rule: JointRule;
  readonly items: readonly Reminder[];
}

export interface Gathered {
  /** To be left now, each for itself. */
  readonly alone: readonly Reminder[];
  readonly calls: readonly JointCall[];
}

/** Which of these one call could bring, by its rule; and those that none could. */
export function grouped(
  reminders: readonly Reminder[],
  rules: readonly JointRule[],
): { alone: readonly Reminder[]; byRule: ReadonlyMap<JointRule, readonly Reminder[]> } {
  if (rules.length === 0) return { alone: reminders, byRule: new Map() };
  const alone: Reminder[] = [];
  const byRule = new Map<JointRule, Reminder[]>();
  for (const reminder of reminders) {
    const rule = jointRuleOf(rules, reminder.path);
    const others = rule === undefined ? alone : byRule.get(rule);
    if (others !== undefined) others.push(reminder);
    else if (rule !== undefined) byRule.set(rule, [reminder]);
  }
  return { alone, byRule };
}

interface Filling {
  readonly items: Reminder[];
  readonly sinceMs: number;
}

/**
 * Reminders that wait for others which the same call can bring. A call leaves when it is full, or when the first of them has waited as long
 * as its rule says; at once where one of them is known to be out of date. What left together is due together from then on, so that few have
 * to wait after the first round.
 */
export class JointGathering {
  readonly #filling = new Map<JointRule, Filling>();

  constructor(readonly rules: readonly JointRule[]) {}

  /** Called every tick, with those whose turn it is. `isUrgent`: those are known to be out of date. */
  take(reminders: readonly Reminder[], nowMs: number, isUrgent = false): Gathered {
    const { alone, byRule } = grouped(reminders, this.rules);
    for (const [rule, some] of byRule) this.#fillingOf(rule, nowMs).items.push(...some);
    const calls: JointCall[] = [];
    for (const [rule, { items, sinceMs }] of this.#filling) {
      const isOver = nowMs - sinceMs >= rule.config.gatherMs || (isUrgent && byRule.has(rule));
      const leaving = isOver ? items : fullOf(items, rule);
      if (isOver || items.length === 0) this.#filling.delete(rule);
      for (const call of inJointCalls(leaving, rule)) calls.push({ rule, items: call });
    }
    return { alone: [...alone, ...only(calls)], calls: calls.filter(({ items }) => items.length > 1) };
  }

  /** Takes out all that wait. */
  clear(): Reminder[] {
    const waiting = [...this.#filling.values()].flatMap(({ items }) => items);
    this.#filling.clear();
    return waiting;
  }

  #fillingOf(rule: JointRule, nowMs: number): Filling {
    let filling = this.#filling.get(rule);
    if (filling === undefined) this.#filling.set(rule, (filling = { items: [], sinceMs: nowMs }));
    return filling;
  }
}

/** Takes out as many as fill their calls. */
function fullOf(items: Reminder[], rule: JointRule): Reminder[] {
  const { most } = rule.config;
  return items.splice(0, items.length - (items.length % most));
}

/** A call of one is a call of its own. */
function only(calls: readonly JointCall[]): Reminder[] {
  return calls.flatMap(({ items }) => (items.length === 1 ? items : []));
}
