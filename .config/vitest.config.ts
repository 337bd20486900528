import {defineConfig} from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{shared,web,signal-server,e2e}/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
  },
});
