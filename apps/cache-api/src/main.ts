import { boot } from '#runtime';
import { assemble } from './assembly.service.js';
import { CacheApiModule } from './cache-api.module.js';

const DEFAULT_OPS_PORT = 8081;
/** Lines of resources come as text, and are read one by one. */
const LINE_TYPES = ['application/x-ndjson', 'text/csv'];

await boot({
  name: 'cache-api',
  defaultOpsPort: DEFAULT_OPS_PORT,
  listensOn: 'admin',
  hasWorkers: true,
  async prepare(runtime) {
    const { providers, close } = await assemble(runtime);
    return { module: CacheApiModule.with(runtime, providers), close };
  },
  attach(nest) {
    const fastify = nest.getHttpAdapter().getInstance();
    fastify.addContentTypeParser(LINE_TYPES, { parseAs: 'string' }, (_request, body, done) => done(null, body));
  },
});
