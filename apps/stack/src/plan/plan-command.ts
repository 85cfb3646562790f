import type { PlanBudget, PlanForecast } from '#contracts';
import { sayNumber } from '#core';
import { assumedPlan } from './assumed-plan.js';
import { learnedPlan } from './learned-plan.js';
import { PLAN_USAGE, planOrderOf } from './plan-order.js';
import type { AssumedOrder, PlanOrder } from './plan-order.js';
import { planText } from './plan-table.js';
import { readResourceList } from './resource-list.js';

/** `penstock plan`: what is to be printed. @throws UsageError, NoPlan */
export async function planCommand(args: readonly string[], adminToken: string | undefined): Promise<string> {
  if (args.includes('--help') || args.includes('-h')) return PLAN_USAGE;
  const order = planOrderOf(args);
  const { title, plan } = await planOf(order, adminToken);
  return order.json ? `${JSON.stringify(plan, null, 2)}\n` : planText(title, plan);
}

async function planOf(
  order: PlanOrder,
  adminToken: string | undefined,
): Promise<{ title: string; plan: PlanForecast }> {
  if (order.kind === 'assumed') {
    const plan = assumedPlan(readResourceList(order.file), order);
    return { title: assumedTitle(order, plan), plan };
  }
  const plan = await learnedPlan(order, adminToken);
  const of = `${sayNumber(plan.resources)} resources of ${plan.upstream}, spend: ${plan.spend}`;
  return { title: `${of}; ${budgetText(plan.budget)}`, plan };
}

function assumedTitle({ demand }: AssumedOrder, { resources, spend }: PlanForecast): string {
  return `${sayNumber(resources)} resources, demand: ${demand}, spend: ${spend}; as assumed, nothing of it was measured`;
}

function budgetText({ callsPerSecond, from }: PlanBudget): string {
  if (callsPerSecond === null) return 'what the background may spend is not known yet: give a --rate';
  const why = { live: 'now', configured: 'by its limits', learned: 'by the limit that was learned', unknown: '' }[from];
  return `the background may spend ${sayNumber(callsPerSecond)} calls/s ${why}`;
}
