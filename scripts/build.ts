/** Makes `dist/`, the published form: Node strips no types under node_modules. */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
rmSync(`${root}dist`, { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
chmodSync(`${root}dist/src/cli/main.js`, 0o755)

const engine = 'workers/xml/engine/engine.wasm'
execFileSync('node', ['scripts/build-engine.ts'], { cwd: root, stdio: 'inherit' })
copyFileSync(`${root}${engine}`, `${root}dist/${engine}`)

const page = 'src/report/html/page.html'
execFileSync('node', ['scripts/report-page.ts'], { cwd: root, stdio: 'inherit' })
copyFileSync(`${root}${page}`, `${root}dist/${page}`)
