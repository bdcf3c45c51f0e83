import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two processes: tests start threads and servers of their own, and CI machines are small.
    maxWorkers: 2,
    // Tests start the program some thousand times: half of a start is compiling it.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/xmlmill-tests', import.meta.url)) },
  },
})
