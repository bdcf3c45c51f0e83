/** A result as a picture: for each scenario a bar for everybody's throughput, in a scale of its own. */
import { medianOf, type Result, type ScenarioResult } from '../result.ts'

const WIDTH = 860
const LABEL_WIDTH = 300
const FIGURE_WIDTH = 110
const BAR_HEIGHT = 16
const ROW_HEIGHT = 22
const PANEL_GAP = 26

/** The colours follow the reader's light or dark page. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .quiet { fill: #57606a }
  .ours { fill: #0969da } .peer { fill: #8c959f } .floor { fill: none; stroke: #8c959f; stroke-dasharray: 3 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #8b949e } .ours { fill: #58a6ff } .peer { fill: #6e7681 } .floor { stroke: #6e7681 }
  }`

export function chart({ scenarios }: Result): string {
  const panels: string[] = []
  let top = 0
  for (const scenario of scenarios) {
    const { svg, height } = panel(scenario, top)
    panels.push(svg)
    top += height + PANEL_GAP
  }
  const height = Math.max(0, top - PANEL_GAP)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="xmlmill beside its peers">
<style>${STYLE}
</style>
${panels.join('\n')}
</svg>
`
}

function panel(
  { name, title, entries }: ScenarioResult,
  top: number,
): { readonly svg: string; readonly height: number } {
  const isCounted = name === 'tiny' || name === 'latency'
  const isCold = name === 'cold'
  const unit = isCold ? 'ms to the first record, less is better' : isCounted ? 'documents/s' : 'MB/s'
  const bars = entries.flatMap(({ title: label, kind, bytes, documents, samples }) => {
    const wallMs = medianOf(samples, 'wallMs')
    const firstByteMs = medianOf(samples, 'firstByteMs')
    if (isCold) return firstByteMs === undefined ? [] : [{ label, kind, value: firstByteMs }]
    if (wallMs === undefined) return []
    return [{ label, kind, value: (isCounted ? documents : bytes / 1e6) / (wallMs / 1000) }]
  })
  bars.sort((a, b) => (isCold ? a.value - b.value : b.value - a.value))
  // What throws the bytes away may be far ahead: its bar is cut, its figure tells.
  const others = bars.filter(({ kind }) => kind !== 'floor').map(({ value }) => value)
  const most = Math.max(...others, 1)
  const full = WIDTH - LABEL_WIDTH - FIGURE_WIDTH
  const rows = bars.map(({ label, kind, value }, index) => {
    const y = top + 26 + index * ROW_HEIGHT
    const width = Math.max(1, Math.min(1, value / most) * full)
    const text = `${Math.round(value).toLocaleString('en')}${value > most ? ' →' : ''}`
    return (
      `<text x="${LABEL_WIDTH - 8}" y="${y + 12}" text-anchor="end"${kind === 'ours' ? ' class="title"' : ''}>${escaped(label)}</text>` +
      `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>` +
      `<text class="quiet" x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${y + 12}">${text}</text>`
    )
  })
  const heading = `<text class="title" x="0" y="${top + 14}">${escaped(title)} <tspan class="quiet">${unit}</tspan></text>`
  return { svg: [heading, ...rows].join('\n'), height: 26 + bars.length * ROW_HEIGHT }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
