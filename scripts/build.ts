/**
 * Makes `dist/`, the published form: Node strips no types under node_modules. Modules that are always loaded together come in one file: a run
 * loads a third of the files, in main and in each thread, and a small one takes a tenth less time. `--source-maps` makes maps beside them.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, rmSync } from 'node:fs'
import { dirname, relative } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Plugin, rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { 'source-maps': { type: 'boolean', default: false } } })

/** What is imported or started by its name. */
const ENTRIES = [
  'src/cli/main',
  'src/index',
  'src/pool/apart-process',
  'src/demo/server-thread',
  'workers/document',
  'workers/peek',
]

rmSync(`${root}dist`, { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(ENTRIES.map((name) => [name, `./${name}.ts`])),
  platform: 'node',
  // Dependencies stay what npm has installed.
  external: /^[^./]/,
  plugins: [ownUrls()],
  logLevel: 'warn',
})
await bundle.write({
  dir: `${root}dist`,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  sourcemap: values['source-maps'],
})
chmodSync(`${root}dist/src/cli/main.js`, 0o755)

const engine = 'workers/xml/engine/engine.wasm'
execFileSync('node', ['scripts/build-engine.ts'], { cwd: root, stdio: 'inherit' })
copyFileSync(`${root}${engine}`, `${root}dist/${engine}`)

const page = 'src/report/html/page.html'
execFileSync('node', ['scripts/report-page.ts'], { cwd: root, stdio: 'inherit' })
copyFileSync(`${root}${page}`, `${root}dist/${page}`)

/** Whatever file a module comes into, its own URL remains the one by which it finds what lies beside it. */
function ownUrls(): Plugin {
  return {
    name: 'own-urls',
    transform(code, id) {
      if (!code.includes('import.meta.url')) return null
      const own = relative(root, id).replace(/\.ts$/, '.js')
      // No line moves: the map holds.
      return { code: code.replaceAll('import.meta.url', `import.meta.own(${JSON.stringify(own)})`), map: null }
    },
    renderChunk(code, { fileName }) {
      const placed = code.replaceAll(/import\.meta\.own\("([^"]+)"\)/g, (_, own: string) => {
        const path = relative(dirname(fileName), own)
        return `new URL(${JSON.stringify(path.startsWith('.') ? path : `./${path}`)}, import.meta.url).href`
      })
      if (placed.includes('import.meta.own'))
        throw new Error(`${fileName} has a module that would not know its own URL`)
      return { code: placed, map: null }
    },
  }
}
