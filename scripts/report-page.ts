/**
 * Makes src/report/html/page.html, the page of reports and of the live view: script, style and skeleton in one file, to which only
 * the data is added later. Like the compiled engine it is made when the package is installed from its sources, or built.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const folder = fileURLToPath(new URL('../src/report/html/', import.meta.url))
const bundle = await rolldown({ input: `${folder}page/main.ts`, platform: 'browser', logLevel: 'warn' })
const { output } = await bundle.generate({ format: 'esm', minify: true, comments: { legal: false } })
const [{ code }] = output
const script = `${code.trim().replaceAll('</script', '<\\/script')}\n`
const style = minifiedStyle(readFileSync(`${folder}page/page.css`, 'utf8'))
const hash = createHash('sha256').update(script).digest('base64')
// Plot styles its pictures in the elements themselves.
const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'`
const page = readFileSync(`${folder}page/page.html`, 'utf8')
  .replace('/*policy*/', () => policy)
  .replace('/*style*/', () => style)
  .replace('<script>/*script*/', () => `<script type="module">${script}`)

writeFileSync(`${folder}page.html`, page)
process.stdout.write(`src/report/html/page.html: ${Math.round(page.length / 1000)} kB\n`)

function minifiedStyle(css: string): string {
  return css
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s*\n\s*/g, '')
    .replace(/\s*([{};,])\s*/g, '$1')
}
