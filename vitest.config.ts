import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      // Our own choice: a guard against hanging, not a figure; programs are started and keys made in some.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          globalSetup: 'test/support/bundle-setup.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/support/global-setup.ts',
          // Our own choice: an image build on a slow network is the longest step.
          testTimeout: 60_000,
          hookTimeout: 300_000,
          // Our own choice: of blocks that are run at once most wait.
          maxConcurrency: 16,
        },
      },
    ],
  },
})
