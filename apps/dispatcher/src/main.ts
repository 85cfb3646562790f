import { boot } from '#runtime';
import { assemble } from './assembly.service.js';
import type { Assembly } from './assembly.service.js';
import { DispatcherModule } from './dispatcher.module.js';

const DEFAULT_OPS_PORT = 8084;

let assembly: Assembly | undefined;

await boot({
  name: 'dispatcher',
  defaultOpsPort: DEFAULT_OPS_PORT,
  listensOn: 'ops',
  async prepare(runtime) {
    assembly = await assemble(runtime);
    return {
      module: DispatcherModule.with(runtime, assembly.holders),
      close: () => assembly?.close() ?? Promise.resolve(),
    };
  },
  async attach(nest) {
    if (assembly === undefined) throw new Error('expected prepare to have run before attach');
    nest.connectMicroservice({ strategy: assembly.strategy });
    await nest.startAllMicroservices();
    await assembly.start();
  },
});
