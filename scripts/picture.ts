/**
 * Makes docs/demo.svg from a real run of the demonstration: its output through a terminal emulator, a picture every so often, all of
 * them in one SVG that plays them.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { spawn } from '@lydell/node-pty'
import xterm from '@xterm/headless'

const COLUMNS = 80
const ROWS = 27
const FRAME_MS = 400
/** How long the last picture stays. */
const REST_MS = 5000
const CELL_WIDTH = 8.4
const LINE_HEIGHT = 18
const MARGIN = 16

const INK = '#d8dee9'
const PAPER = '#1d2430'
/** The eight colours of a terminal, in its order. */
const PALETTE = ['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9']

interface Run {
  readonly text: string
  readonly column: number
  readonly style: string
}

const root = fileURLToPath(new URL('..', import.meta.url))
const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true, convertEol: true })
const frames: Run[][][] = []

const { NO_COLOR: _, ...environment } = process.env
const child = spawn(process.execPath, ['src/cli/main.ts', 'demo', '--progress', 'bar'], {
  cwd: root,
  cols: COLUMNS,
  rows: ROWS,
  env: { ...environment, TERM: 'xterm-256color', FORCE_COLOR: '1' },
})
terminal.write('\x1b[32m$\x1b[0m npm run demo\n')
child.onData((text) => terminal.write(text))
const timer = setInterval(() => frames.push(snapshot()), FRAME_MS)
child.onExit(() => {
  clearInterval(timer)
  terminal.write('', () => {
    frames.push(snapshot())
    writeFileSync(`${root}docs/demo.svg`, render(frames))
  })
})

/** The screen as runs of one style. */
function snapshot(): Run[][] {
  const buffer = terminal.buffer.active
  return Array.from({ length: ROWS }, (_, row) => {
    const line = buffer.getLine(buffer.viewportY + row)
    const runs: { text: string; column: number; style: string }[] = []
    for (let column = 0; column < COLUMNS; column += 1) {
      const cell = line?.getCell(column)
      if (cell === undefined) continue
      const color = cell.isFgPalette() ? PALETTE[cell.getFgColor() % 8] : INK
      const style = `fill="${color}"${cell.isBold() ? ' font-weight="bold"' : ''}${cell.isDim() ? ' opacity="0.6"' : ''}`
      const last = runs.at(-1)
      const text = cell.getChars() || ' '
      if (last !== undefined && last.style === style) last.text += text
      else runs.push({ text, column, style })
    }
    return runs.filter((run) => run.text.trim() !== '')
  })
}

function render(all: readonly Run[][][]): string {
  const width = COLUMNS * CELL_WIDTH + 2 * MARGIN
  const height = ROWS * LINE_HEIGHT + 2 * MARGIN
  const totalMs = all.length * FRAME_MS + REST_MS
  const share = (ms: number) => `${((ms / totalMs) * 100).toFixed(3)}%`
  const last = all.length - 1
  const rules = all.slice(0, -1).map((_, index) => {
    const [from, to] = [share(index * FRAME_MS), share((index + 1) * FRAME_MS)]
    const start = index === 0 ? '' : `0%{visibility:hidden}`
    return `@keyframes f${index}{${start}${from}{visibility:visible}${to}{visibility:hidden}100%{visibility:hidden}}#f${index}{animation:f${index} ${totalMs}ms step-end infinite}`
  })
  rules.push(
    `@keyframes f${last}{0%{visibility:hidden}${share(last * FRAME_MS)}{visibility:visible}}#f${last}{animation:f${last} ${totalMs}ms step-end infinite}`,
  )
  // Where nothing moves (print, reduced motion) the end stands.
  const still = `@media (prefers-reduced-motion:reduce){g{animation:none!important}}`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="14">
<title>xmlmill milling 500 documents with its progress block, then its summary</title>
<style>g{visibility:hidden}#f${last}{visibility:visible}text{white-space:pre}${rules.join('')}${still}</style>
<rect width="100%" height="100%" rx="8" fill="${PAPER}"/>
${all.map(renderFrame).join('\n')}
</svg>
`
}

function renderFrame(rows: readonly Run[][], index: number): string {
  const texts = rows.flatMap((runs, row) =>
    runs.map(({ text, column, style }) => {
      const x = MARGIN + column * CELL_WIDTH
      const y = MARGIN + (row + 0.75) * LINE_HEIGHT
      const kept = text.trimEnd()
      const length = Array.from(kept).length * CELL_WIDTH
      return `<text x="${x.toFixed(1)}" y="${y}" textLength="${length.toFixed(1)}" ${style}>${escapeXml(kept)}</text>`
    }),
  )
  return `<g id="f${index}">${texts.join('')}</g>`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
