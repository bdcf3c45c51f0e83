/** The origin server as a child process, and the folder that a run works in. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contestant, Job } from './contestants.ts'
import type { OriginOptions, Ready } from './origin/protocol.ts'
import type { Scenario, Workload } from './scenarios.ts'

const SERVER = fileURLToPath(new URL('./origin/server.ts', import.meta.url))

export class Stage {
  readonly origin: Ready
  /** Where contestants run and write. */
  readonly folder: string
  readonly #stop: () => Promise<void>

  private constructor(origin: Ready, folder: string, stop: () => Promise<void>) {
    this.origin = origin
    this.folder = folder
    this.#stop = stop
  }

  static async open(options: OriginOptions): Promise<Stage> {
    const child = fork(SERVER, [JSON.stringify(options)])
    const exited = once(child, 'exit')
    const [ready]: Ready[] = await Promise.race([
      once(child, 'message'),
      exited.then(() => Promise.reject(new Error('the origin server did not start'))),
    ])
    if (ready === undefined) throw new Error('the origin server said nothing')
    const folder = mkdtempSync(join(tmpdir(), 'xmlmill-bench-'))
    return new Stage(ready, folder, async () => {
      child.disconnect()
      await exited
      rmSync(folder, { recursive: true, force: true })
    })
  }

  /** The job of a contestant: its list is written, and what an earlier run left is removed. */
  prepare(scenario: Scenario, { paths }: Workload, record: string, { kind }: Pick<Contestant, 'kind'>): Job {
    const urls = paths.map((path) => `http://127.0.0.1:${this.origin.port}${path}`)
    const job: Job = {
      scenario: scenario.name,
      list: join(this.folder, 'urls.txt'),
      curlConfig: join(this.folder, 'curl.txt'),
      curlFilesConfig: join(this.folder, 'curl-files.txt'),
      folder: join(this.folder, 'bodies'),
      output: scenario.toStdout ? '-' : join(this.folder, 'records.ndjson'),
      record,
    }
    rmSync(this.folder, { recursive: true, force: true })
    mkdirSync(job.folder, { recursive: true })
    writeFileSync(job.list, urls.map((url) => `${url}\n`).join(''))
    if (kind === 'floor') {
      writeFileSync(job.curlConfig, urls.map((url) => `url = "${url}"\noutput = "/dev/null"\n`).join(''))
      const file = (index: number) => join(job.folder, `${index}.xml`)
      writeFileSync(
        job.curlFilesConfig,
        urls.map((url, index) => `url = "${url}"\noutput = "${file(index)}"\n`).join(''),
      )
    }
    return job
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
  }
}
