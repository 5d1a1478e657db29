import { defineConfig, type ViteUserConfig } from 'vitest/config';

const quick = { testTimeout: 20_000, hookTimeout: 20_000 };
const slow = { testTimeout: 120_000, hookTimeout: 120_000 };

// One project a kind of test: `unit` is what one runs all the time.
const config: ViteUserConfig = defineConfig({
  test: {
    // Many tests wait more than they compute: no core is left to vitest alone.
    maxWorkers: '100%',
    projects: [
      {
        test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/tidy.test.ts'], ...quick },
      },
      { test: { name: 'property', include: ['test/property/**/*.test.ts'], ...slow } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], ...slow } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...slow } },
    ],
  },
});

export default config;
