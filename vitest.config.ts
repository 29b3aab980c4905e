import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: { resolve: { conditions: ['@midplane/source', 'node'] } },
  test: {
    include: [
      'libs/**/src/**/*.test.ts',
      'apps/**/src/**/*.test.ts',
      'migrations/src/**/*.test.ts',
      'tools/**/src/**/*.test.ts',
    ],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 600_000,
  },
});
