import { readConfig } from './config.js';
import { runStack } from './run-stack.js';

// The reader of our output may leave (`npm start | head`); the stack does not end for that.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

process.exit(await runStack(() => readConfig()));
