/** What lives in this process, whenever the collector would have come by itself. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

export function livingBytes(): Pick<NodeJS.MemoryUsage, 'heapUsed' | 'arrayBuffers'> {
  collect()
  return process.memoryUsage()
}
