import { expect, test } from 'vitest'
import { RENEW_MS } from '../../src/fleet/claims.ts'
import { FleetWorker, LEASE_MS } from '../../src/fleet/worker.ts'

test.each([1, 100, 700, RENEW_MS])(
  'a machine that asks every %d ms finds a lost one in under 15 seconds after its last sign of life',
  (everyMs) => {
    const worker = new FleetWorker(1)
    const looks: number[] = []
    for (let now = 0; now < 60_000; now += everyMs) if (worker.looksForLost(now)) looks.push(now)
    const gaps = looks.slice(1).map((look, n) => look - (looks[n] ?? 0))
    expect(LEASE_MS + Math.max(...gaps)).toBeLessThan(15_000)
  },
)
