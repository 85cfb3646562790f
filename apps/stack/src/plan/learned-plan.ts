import type { PlanReport } from '#contracts';
import { UsageError } from '../usage-error.js';
import type { LearnedOrder } from './plan-order.js';

const LONGEST_WAIT_MS = 120_000;

/** It runs and did not answer as expected, or does not run. Exit code 1. */
export class NoPlan extends Error {
  override readonly name = 'NoPlan';
}

/** Asks the control plane. @throws NoPlan; UsageError where it says that the question is wrong */
export async function learnedPlan(order: LearnedOrder, adminToken: string | undefined): Promise<PlanReport> {
  const response = await ask(order, adminToken);
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as PlanReport;
  const detail = detailOf(text) ?? `status ${response.status}`;
  if (response.status === 400 || response.status === 404) throw new UsageError(`${order.url}: ${detail}`);
  const advice = response.status === 401 ? '; set PENSTOCK_ADMIN_TOKEN to its token' : '';
  throw new NoPlan(`expected a plan from ${order.url}, found ${response.status}: ${detail}${advice}`);
}

async function ask({ url, upstream, rates, freshness }: LearnedOrder, token: string | undefined): Promise<Response> {
  const query = new URLSearchParams({ upstream });
  if (rates !== undefined) query.set('rate', rates.join(','));
  if (freshness !== undefined) query.set('freshness', freshness.join(','));
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  try {
    return await fetch(`${url}/v1/plan?${query}`, { headers, signal: AbortSignal.timeout(LONGEST_WAIT_MS) });
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    const why = cause instanceof Error ? cause.message : String(error);
    throw new NoPlan(
      `expected a running Penstock at ${url}, found: ${why}; start it, give its --url, or plan without it (--resources <file>)`,
    );
  }
}

/** RFC 9457. */
function detailOf(text: string): string | undefined {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === 'string' ? detail : undefined;
  } catch {
    return undefined;
  }
}
