import {defineConfig} from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{shared,web,signal-server,e2e}/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    // Left to itself it keeps one core free, which is half of a machine with two.
    maxWorkers: '100%',
    // No test changes what another finds: to load every module again for each file is a third of the work.
    isolate: false,
    // Node reads the types away by itself: rewritten for Vite's own runner, every name from another module is a look-up,
    // and all tests together take twice the time.
    experimental: {viteModuleRunner: false, nodeLoader: false},
    setupFiles: ['.config/same-properties.ts'],
    // Only ends what hangs: the longest takes half a minute on two quiet cores, and machines are ten times slower.
    testTimeout: 600_000,
    hookTimeout: 60_000,
    expect: {poll: {timeout: 30_000}},
  },
});
