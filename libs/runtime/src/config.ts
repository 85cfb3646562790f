import { isIPv4 } from 'node:net';
import { z } from 'zod';

/** What every process is told by its environment, read once. */
export interface Environment {
  readonly configFile: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly opsPort: number;
  readonly postgresUrl: string;
  readonly natsUrl: string;
  readonly namespace: string;
  readonly adminToken: string | undefined;
  readonly accessToken: string | undefined;
  readonly logLevel: string;
  /** How many processes share the data-plane port. */
  readonly workers: number;
  /**
   * How many times faster than the clock everything runs that is slow by design: half-lives, forgetting, bounds of change rates, maxAge.
   * Leases, timeouts and quotas stay as they are. Always 1 outside benchmarks.
   */
  readonly timeScale: number;
  /** Ends with whoever started it, told by its standard input. */
  readonly followsParent: boolean;
  /** For `${NAME}` references of the configuration; never logged. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export class EnvironmentFault extends Error {
  override readonly name = 'EnvironmentFault';
  readonly code = 'environment_fault';
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const PORT_EXPECTED = 'expected a port number from 0 to 65535';

function port(otherwise: number): z.ZodType<number> {
  return (
    z
      .string()
      // Number() alone takes '', '0x50' and '1e3'.
      .regex(/^\d{1,5}$/, { error: PORT_EXPECTED, abort: true })
      .default(String(otherwise))
      .transform(Number)
      .refine((value) => value <= 65_535, PORT_EXPECTED)
  );
}

const serverUrl = (schemes: string, example: string): z.ZodType<string> =>
  z
    .string({ error: `expected ${example}, found nothing; set it, or start everything with npm start` })
    .regex(new RegExp(`^(${schemes})://`), `expected ${example}`);

const TIME_SCALE = /^\d{1,4}(\.\d{1,3})?$/;
const TIME_SCALE_EXPECTED = 'expected a number from 1 to 1000';

/** Whoever sets it by mistake would forget within minutes what was learned in days. */
function timeScale(isBenchmark: boolean): z.ZodType<number | undefined> {
  if (!isBenchmark)
    return z
      .undefined(
        'expected nothing outside a benchmark, since it makes half-lives and maxAge pass faster than time does; take it out, or set PENSTOCK_BENCHMARK=1',
      )
      .optional();
  return z
    .string()
    .regex(TIME_SCALE, { error: TIME_SCALE_EXPECTED, abort: true })
    .transform(Number)
    .refine((value) => value >= 1 && value <= 1000, TIME_SCALE_EXPECTED)
    .optional();
}

function schemaFor(defaultOpsPort: number, isBenchmark: boolean): z.ZodType<Record<string, unknown>> {
  return z.object({
    PENSTOCK_CONFIG: z.string().min(1).optional(),
    PENSTOCK_HOST: z.string().min(1).default('127.0.0.1'),
    PENSTOCK_PORT: port(8080),
    PENSTOCK_ADMIN_PORT: port(8081),
    PENSTOCK_OPS_PORT: port(defaultOpsPort),
    PENSTOCK_POSTGRES_URL: serverUrl('postgres|postgresql', 'a URL such as postgres://user@host:5432/penstock'),
    PENSTOCK_NATS_URL: serverUrl('nats|tls', 'a URL such as nats://host:4222'),
    PENSTOCK_NAMESPACE: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,30}$/, 'expected 1 to 31 of [a-z0-9_-], beginning with a letter')
      .default('penstock'),
    PENSTOCK_ADMIN_TOKEN: z.string().min(1).optional(),
    PENSTOCK_ACCESS_TOKEN: z.string().min(1).optional(),
    PENSTOCK_WORKERS: z
      .string()
      .regex(/^[1-9]\d?$/, { error: 'expected a whole number from 1 to 99' })
      .default('1')
      .transform(Number),
    PENSTOCK_BENCHMARK: z.literal('1', 'expected 1').optional(),
    PENSTOCK_TIME_SCALE: timeScale(isBenchmark),
    PENSTOCK_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'fatal']).default('info'),
    PENSTOCK_PARENT: z.literal('stdin', 'expected stdin').optional(),
  });
}

/** @throws EnvironmentFault with every fault in one message. */
export function readEnvironment(defaultOpsPort: number, variables: NodeJS.ProcessEnv = process.env): Environment {
  const parsed = schemaFor(defaultOpsPort, variables['PENSTOCK_BENCHMARK'] === '1').safeParse(variables);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      (issue) => `  ${issue.path.join('.')}: ${issue.message}; found ${found(variables, issue.path)}`,
    );
    throw new EnvironmentFault(`the environment is not complete:\n${lines.join('\n')}`);
  }
  const value = parsed.data as Record<string, string & number>;
  return {
    configFile: value['PENSTOCK_CONFIG'],
    host: text(value['PENSTOCK_HOST']),
    port: Number(value['PENSTOCK_PORT']),
    adminPort: Number(value['PENSTOCK_ADMIN_PORT']),
    opsPort: Number(value['PENSTOCK_OPS_PORT']),
    postgresUrl: text(value['PENSTOCK_POSTGRES_URL']),
    natsUrl: text(value['PENSTOCK_NATS_URL']),
    namespace: text(value['PENSTOCK_NAMESPACE']),
    adminToken: value['PENSTOCK_ADMIN_TOKEN'],
    accessToken: value['PENSTOCK_ACCESS_TOKEN'],
    workers: Number(value['PENSTOCK_WORKERS']),
    timeScale: value['PENSTOCK_TIME_SCALE'] ?? 1,
    logLevel: text(value['PENSTOCK_LOG_LEVEL']),
    followsParent: value['PENSTOCK_PARENT'] !== undefined,
    variables,
  };
}

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || (isIPv4(host) && host.startsWith('127.'));
}

function text(value: unknown): string {
  return String(value);
}

/** Secrets may stand in any variable: only what is missing or plainly no secret is shown. */
function found(variables: NodeJS.ProcessEnv, path: readonly PropertyKey[]): string {
  const name = String(path[0]);
  const value = variables[name];
  if (value === undefined) return 'nothing';
  return /TOKEN|URL/.test(name) ? 'a value that does not fit' : JSON.stringify(value);
}
