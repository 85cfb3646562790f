// Preloaded into a service (`--import`): a CPU profile from its start to its end. `--cpu-prof` is not allowed in NODE_OPTIONS.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';

const dir = process.env['BENCH_PROFILE_DIR'] ?? '.';
const app = /apps\/([a-z-]+)\//.exec(process.argv[1] ?? '')?.[1] ?? 'node';
mkdirSync(dir, { recursive: true });
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');
process.once('exit', () => {
  // Within one thread it answers before it returns.
  session.post('Profiler.stop', (error, stopped) => {
    if (error === null) writeFileSync(join(dir, `${app}-${process.pid}.cpuprofile`), JSON.stringify(stopped.profile));
  });
});
