import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two processes: tests start threads and servers of their own, and CI machines are small.
    maxWorkers: 2,
  },
})
