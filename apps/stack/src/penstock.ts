import { inherited } from './config.js';
import { planCommand } from './plan/plan-command.js';
import { UsageError } from './usage-error.js';

const USAGE = `penstock plan    what will a quota give? (penstock plan --help)
npm start        starts everything
`;

process.exitCode = await run(process.argv.slice(2));

/** Resolves with the exit code: 2 where what was typed does not fit. */
async function run([command, ...args]: readonly string[]): Promise<number> {
  try {
    process.stdout.write(await output(command, args));
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function output(command: string | undefined, args: readonly string[]): Promise<string> | string {
  if (command === 'plan') return planCommand(args, inherited['PENSTOCK_ADMIN_TOKEN'] || undefined);
  if (command === '--help' || command === '-h') return USAGE;
  throw new UsageError(
    `expected a command, found ${command === undefined ? 'none' : JSON.stringify(command)}\n\n${USAGE}`,
  );
}
