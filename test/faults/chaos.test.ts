import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { HOSTILE_OPTIONS } from '../support/chaos-cases.ts'
import { CHAOS_TRANSFORM, planChaos } from '../support/chaos-plan.ts'
import type { ChaosRequest, ChaosResult } from '../support/chaos-run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const DOCUMENTS = 2000
const PEAK_BYTES = 400 << 20

const RUN = fileURLToPath(new URL('../support/chaos-run.ts', import.meta.url))

async function runApart(request: ChaosRequest): Promise<ChaosResult> {
  const child = spawn(process.execPath, [RUN, 'run'], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(request))
  const output = await text(child.stdout)
  return JSON.parse(output)
}

test.each([1, 2, 3, 4, 5])(
  'two thousand documents, half of them hostile, each end once and as they must (seed %i)',
  async (seed) => {
    using folder = temporaryFolder()
    const transform = folder.write('transform.mjs', CHAOS_TRANSFORM)
    await using plan = await planChaos(seed, DOCUMENTS)
    const result = await runApart({
      urls: plan.documents.map(({ url }) => url),
      options: {
        ...HOSTILE_OPTIONS,
        transform,
        transformTimeout: 3,
        hostFailures: 20,
        threads: 3,
        memory: '200m',
        concurrency: 16,
        perHost: 16,
      },
    })
    const wrong = plan.documents.flatMap(({ name, ends }, id) => {
      const ending = result.endings[id]?.join(' and ') ?? 'nothing'
      return ends.split('|').includes(ending) ? [] : [`${name}: ${ending} (${result.messages[id]}), not ${ends}`]
    })
    expect(wrong).toEqual([])
    expect(plan.documents).toHaveLength(DOCUMENTS)
    process.stdout.write(
      `seed ${seed}: ${(result.elapsedMs / 1000).toFixed(1)} s, peak ${(result.peakBytes / 2 ** 20).toFixed(0)} MiB, ${result.crashes} threads ended\n`,
    )
    expect(result.peakBytes).toBeLessThan(PEAK_BYTES)
    await Promise.all(plan.servers.map((server) => server.allClosed()))
  },
)
