import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Tests run from the sources of every workspace. Vitest passes these conditions on to Node for all packages, so
  // 'import' must not stand here: it would make `require` of a package with two builds take the wrong one.
  ssr: { resolve: { conditions: ['@midplane/source', 'node'] } },
  // graphql ships two builds, and types of one are none of the other's: this is the one that Node gives all others.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    globalSetup: 'tools/src/services/test-services.ts',
    reporters: ['default', './tools/src/services/counts-reporter.ts'],
    // Two cores, and the tests that take long wait for a database or a model.
    maxWorkers: 2,
    testTimeout: 60_000,
    // The first test that asks for Postgres on a fresh machine waits for it to be installed.
    hookTimeout: 600_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{libs,apps,tools}/**/src/**/*.test.ts', 'migrations/src/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/src/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
        },
      },
    ],
  },
});
