/** What Penstock's planner says of a budget, from what it has learned. */
export interface Forecast {
  readonly freshness: number;
  readonly low: number;
  readonly high: number;
}

/** Undefined: it has none. */
export async function askForecast(
  adminUrl: string,
  upstream: string,
  perSecond: number,
): Promise<Forecast | undefined> {
  const response = await fetch(`${adminUrl}/v1/plan?upstream=${upstream}&rate=${perSecond}`, {
    signal: AbortSignal.timeout(20_000),
  });
  return response.ok ? forecastIn(await response.json(), perSecond) : undefined;
}

export function forecastIn(answer: unknown, perSecond: number): Forecast | undefined {
  const { rates } = answer as { rates?: { callsPerSecond?: number; freshness?: Record<string, number> }[] };
  const found = rates?.find(({ callsPerSecond }) => callsPerSecond === perSecond)?.freshness;
  const { value, low, high } = found ?? {};
  return value === undefined ? undefined : { freshness: value, low: low ?? value, high: high ?? value };
}
