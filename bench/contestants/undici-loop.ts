/** A bare undici loop: four requests at once, the bytes thrown away. What Node's own HTTP allows, on one thread. */
import { Agent, request } from 'undici'
import { CONCURRENCY, readJob } from './job.ts'

const { urls } = await readJob()
const dispatcher = new Agent({ connections: CONCURRENCY })
const rest = urls.values()

async function loop(): Promise<void> {
  for (const url of rest) {
    const { body } = await request(url, { dispatcher })
    await body.dump({ limit: Number.MAX_SAFE_INTEGER })
  }
}
await Promise.all(Array.from({ length: CONCURRENCY }, loop))
await dispatcher.close()
