import { defineConfig } from 'vitest/config';
import { fileURLToPath } from 'node:url';

const lib = (name: string): string => fileURLToPath(new URL(`./libs/${name}/src/index.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      '#core': lib('core'),
      '#contracts': lib('contracts'),
      '#bus': lib('bus'),
      '#store': lib('store'),
      '#runtime': lib('runtime'),
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['libs/**/*.test.ts', 'apps/**/*.test.ts', 'test/bench/**/*.test.ts'] },
      },
      { extends: true, test: { name: 'guards', include: ['test/guards/**/*.test.ts'], testTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/support/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          // Real servers and processes on a machine that others may use too: once more before it counts as failed, and shown as retried.
          retry: 1,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // Most of their time is waiting: for a lease to run out, for an acknowledgement that must not come. Each has its own corner.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/chaos/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Two stacks of five processes each are what two cores bear without being late.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'rfc',
          include: ['test/rfc/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          retry: 1,
          testTimeout: 30_000,
          hookTimeout: 120_000,
          // One stack for all cases, each on a URL of its own.
          maxConcurrency: 24,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
