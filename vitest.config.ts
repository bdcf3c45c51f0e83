import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take minutes. Begun last, each would be the only one at work. */
const LONGEST = ['sink-invariants', 'kill', 'chaos', 'merge', 'merge-kill']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const longest = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
      return longest === -1 ? LONGEST.length : longest
    }
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // What hangs is to end at some time; what is slow, on a machine that others use as well, is not to fail.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Two processes: tests start threads and servers of their own, and CI machines are small.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Tests start the program some thousand times: half of a start is compiling it.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/xmlmill-tests', import.meta.url)) },
  },
})
