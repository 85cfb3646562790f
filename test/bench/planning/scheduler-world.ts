import { withClient } from '../../../apps/stack/src/postgres.js';
import { parseConfig } from '#contracts';
import { createUpstreamWriter, openStore } from '#store';

export const UPSTREAM = 'crm';
const HOUR_MS = 3_600_000;
/** A million need 1,667 calls a second: more than they have, so that value decides. */
const CONFIG = `upstreams: { ${UPSTREAM}: { baseUrl: 'http://crm.example', refresh: { maxAge: 10m, spend: all } } }`;
const silence = (): void => undefined;

/** Resources that were all fetched within the last hour, and of which refreshers have learned: as a scheduler finds them that takes over. */
export async function fillStore(postgresUrl: string, schema: string, resources: number): Promise<void> {
  const logger = { info: silence, warn: silence, error: silence };
  const store = await openStore({ url: postgresUrl, schema, applicationName: 'bench', poolSize: 1, logger });
  try {
    const parsed = parseConfig(CONFIG, { env: {}, fileName: 'penstock.yaml' });
    if (parsed.kind !== 'valid') throw new Error(`expected a valid configuration: ${CONFIG}`);
    await createUpstreamWriter(store).applyConfig(parsed.config.upstreams);
  } finally {
    await store.close();
  }
  await withClient(postgresUrl, async (client) => {
    await client.query(`set search_path to "${schema}"`);
    await client.query('set synchronous_commit to off');
    for (const statement of statementsFor(resources)) await client.query(statement);
  });
}

/** Change rates are log-normal around one change in ten minutes, a tenth is read; σ as in the workloads of the freshness bench. */
function statementsFor(resources: number): string[] {
  const numbers = `generate_series(1, ${resources}) n`;
  const now = Date.now();
  const name = `'/items/' || n`;
  return [
    `insert into body (hash, bytes) values ('b', '{}') on conflict do nothing`,
    `insert into resource (upstream, path, key, url_hash, weight, source)
      select '${UPSTREAM}', ${name}, md5('key' || n), md5('url' || n), 1, 'api' from ${numbers}`,
    `insert into entry (key, url_hash, upstream, path, partition, variant, vary, request_fields, fence, send, status, fields,
        requested_at, received_at, lifetime_ms, initial_age_ms, grace_ms, keep_ms, body_hash, body_bytes)
      select md5('key' || n), md5('url' || n), '${UPSTREAM}', ${name}, 'shared', '', '{}', '[]', 1, n, 200,
        '[["Content-Type","application/json"]]', at, at, 60000, 0, 600000, 86400000, 'b', 2
      from (select n, ${now} - floor(random() * ${HOUR_MS})::bigint as at from ${numbers}) fetched`,
    `insert into resource_stat (key, upstream, reads, reads_at, template, observations, change_rate, rate_spread)
      select md5('key' || n), '${UPSTREAM}', case when n % 10 = 0 then 100.0 / n else 0 end, ${now}, '/items/{}', 20,
        exp(-6.4 + 1.5 * sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random())), 0.3 from ${numbers}`,
    'analyze resource, entry, resource_stat',
  ];
}
