/** The table of all documents: only the rows in sight exist, so that it stays quick however many there are. */
import { formatBytes, formatCount, formatDuration, formatPlural } from '../../figures.ts'
import type { Documents, Filter, SortColumn, View } from './documents.ts'
import { element } from './dom.ts'

/** As in the style sheet, with the line below. */
const ROW_PIXELS = 31
/** Rows made beyond those in sight, above and below. */
const MARGIN_ROWS = 12
/** A search waits for the next key for so long. */
const SEARCH_MS = 120
/** Rows on paper. */
const PRINTED_ROWS = 500

interface Column {
  readonly name: SortColumn
  readonly head: string
  readonly width: string
  readonly isText?: boolean
  show(documents: Documents, row: number): string
}

const COLUMNS: readonly Column[] = [
  {
    name: 'url',
    head: 'Document',
    width: '30%',
    isText: true,
    show: (all, row) => all.text('url', row).replace(/^https?:\/\//, ''),
  },
  { name: 'code', head: 'Outcome', width: '17%', isText: true, show: (all, row) => all.text('code', row) || 'done' },
  { name: 'attempts', head: 'Tries', width: '7%', show: (all, row) => String(all.number('attempts', row)) },
  { name: 'startMs', head: 'Started', width: '9%', show: (all, row) => formatDuration(all.number('startMs', row)) },
  { name: 'totalMs', head: 'Took', width: '9%', show: (all, row) => formatDuration(all.totalMs(row)) },
  { name: 'downloadMs', head: 'Download', width: '11%', show: (all, row) => duration(all, 'downloadMs', row) },
  { name: 'parseMs', head: 'Parsing', width: '9%', show: (all, row) => duration(all, 'parseMs', row) },
  { name: 'decodedBytes', head: 'Size', width: '9%', show: (all, row) => bytes(all, row) },
  { name: 'records', head: 'Records', width: '9%', show: (all, row) => formatCount(all.number('records', row)) },
]

const FILTERS: readonly (readonly [Filter, string])[] = [
  ['all', 'All documents'],
  ['done', 'Done'],
  ['failed', 'Failed'],
  ['retried', 'Tried more than once'],
  ['rejected', 'With rejected records'],
]

export class DocumentTable {
  readonly node: HTMLElement
  readonly #documents: Documents
  readonly #grid: HTMLElement
  readonly #body: HTMLTableSectionElement
  readonly #status: HTMLOutputElement
  readonly #search: HTMLInputElement
  readonly #filter: HTMLSelectElement
  readonly #detail: HTMLElement
  readonly #heads: readonly HTMLTableCellElement[]
  #view: View = { search: '', filter: 'all', sort: 'id', isDescending: false }
  #rows: Uint32Array = new Uint32Array()
  /** Index into the rows in view. */
  #current = 0
  #drawnFrom = -1
  #drawnTo = -1
  #isFrameAsked = false
  #isPrinting = false
  #searchTimer = 0

  constructor(documents: Documents) {
    this.#documents = documents
    const search = element('input', {
      type: 'search',
      id: 'search',
      placeholder: 'Search in addresses, codes, messages',
      'aria-label': 'Search the documents',
      'aria-controls': 'grid',
    })
    search.addEventListener('input', () => {
      clearTimeout(this.#searchTimer)
      this.#searchTimer = window.setTimeout(() => this.#change({ search: search.value }), SEARCH_MS)
    })
    const filter = element(
      'select',
      { id: 'filter', 'aria-label': 'Show', 'aria-controls': 'grid' },
      ...FILTERS.map(([value, text]) => element('option', { value }, text)),
    )
    filter.addEventListener('change', () => {
      const chosen = FILTERS.find(([value]) => value === filter.value)
      if (chosen !== undefined) this.#change({ filter: chosen[0] })
    })
    this.#search = search
    this.#filter = filter
    this.#status = element('output', { id: 'count', 'aria-live': 'polite' })
    this.#heads = COLUMNS.map((column) => this.#head(column))
    this.#body = element('tbody')
    this.#grid = element(
      'div',
      { id: 'grid', role: 'grid', tabindex: 0, 'aria-label': 'Documents', 'aria-describedby': 'grid-keys' },
      element(
        'table',
        { role: 'presentation' },
        element('colgroup', {}, ...COLUMNS.map(({ width }) => element('col', { style: `width:${width}` }))),
        element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...this.#heads)),
        this.#body,
      ),
    )
    this.#body.setAttribute('role', 'rowgroup')
    this.#grid.addEventListener('scroll', () => this.#askFrame())
    this.#grid.addEventListener('keydown', (event) => this.#onKey(event))
    this.#body.addEventListener('click', (event) => this.#onClick(event))
    this.#detail = element('div', { id: 'detail', 'aria-live': 'polite' })
    this.node = element(
      'div',
      {},
      element('div', { class: 'tools' }, search, filter, this.#status),
      this.#grid,
      element(
        'p',
        { class: 'hint', id: 'grid-keys' },
        'Arrow keys, Page Up and Down, Home and End move; Enter shows all about a document.',
      ),
      this.#detail,
    )
    // Before it is in the document, and whenever its width changes.
    new ResizeObserver(() => this.#askFrame()).observe(this.#grid)
    addEventListener('beforeprint', () => this.#print(true))
    addEventListener('afterprint', () => this.#print(false))
    this.refresh()
  }

  /** Rows were added. */
  refresh(): void {
    const current = this.#rows[this.#current]
    this.#rows = this.#documents.select(this.#view)
    this.#current = Math.max(0, current === undefined ? 0 : this.#rows.indexOf(current))
    this.#grid.setAttribute('aria-rowcount', String(this.#rows.length + 1))
    const all = this.#documents.count
    this.#status.textContent =
      this.#rows.length === all
        ? formatPlural(all, 'document')
        : `${formatCount(this.#rows.length)} of ${formatPlural(all, 'document')}`
    for (const [index, column] of COLUMNS.entries()) {
      const isSorted = column.name === this.#view.sort
      const order = this.#view.isDescending ? 'descending' : 'ascending'
      this.#heads[index]?.setAttribute('aria-sort', isSorted ? order : 'none')
      const mark = isSorted ? (this.#view.isDescending ? ' ▾' : ' ▴') : ''
      const button = this.#heads[index]?.querySelector('button')
      if (button !== null && button !== undefined) button.textContent = column.head + mark
    }
    this.#drawnFrom = -1
    this.#draw()
  }

  /** Shows the documents that failed with a code, and takes the reader there. */
  showFailed(code: string): void {
    clearTimeout(this.#searchTimer)
    this.#search.value = code
    this.#filter.value = 'failed'
    this.#change({ search: code, filter: 'failed' })
    this.#grid.focus({ preventScroll: true })
    this.node.scrollIntoView({ block: 'start' })
  }

  #head(column: Column): HTMLTableCellElement {
    const button = element('button', { type: 'button', tabindex: 0 }, column.head)
    button.addEventListener('click', () => {
      const isSame = this.#view.sort === column.name
      // Texts begin with A, figures with the largest.
      this.#change({ sort: column.name, isDescending: isSame ? !this.#view.isDescending : column.isText !== true })
    })
    const kind = column.isText === true ? { class: 'text' } : {}
    return element('th', { role: 'columnheader', scope: 'col', ...kind }, button)
  }

  #change(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change }
    this.#grid.scrollTop = 0
    this.#current = 0
    this.#rows = new Uint32Array()
    this.refresh()
  }

  #askFrame(): void {
    if (this.#isFrameAsked) return
    this.#isFrameAsked = true
    requestAnimationFrame(() => {
      this.#isFrameAsked = false
      this.#draw()
    })
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.#grid
    const first = Math.floor(scrollTop / ROW_PIXELS)
    const sight = Math.ceil((clientHeight || 600) / ROW_PIXELS)
    const from = this.#isPrinting ? 0 : Math.max(0, first - MARGIN_ROWS)
    const to = Math.min(this.#rows.length, this.#isPrinting ? PRINTED_ROWS : first + sight + MARGIN_ROWS)
    if (from === this.#drawnFrom && to === this.#drawnTo) {
      this.#mark()
      return
    }
    this.#drawnFrom = from
    this.#drawnTo = to
    const rows: HTMLElement[] = []
    for (let index = from; index < to; index += 1) rows.push(this.#row(index))
    const below = this.#isPrinting ? 0 : this.#rows.length - to
    this.#body.replaceChildren(space(from), ...rows, space(below))
    this.#mark()
  }

  #row(index: number): HTMLElement {
    const row = this.#rows[index] ?? 0
    const isFailed = this.#documents.text('code', row) !== ''
    return element(
      'tr',
      { role: 'row', class: 'row', id: `row-${index}`, 'aria-rowindex': index + 2, 'data-index': index },
      ...COLUMNS.map((column) => {
        const text = column.show(this.#documents, row)
        const kind = `${column.isText === true ? 'text' : ''}${column.name === 'code' ? (isFailed ? ' bad' : ' good') : ''}`
        return element(
          'td',
          {
            role: 'gridcell',
            class: kind.trim() || undefined,
            title: column.isText && titleOf(this.#documents, column, row),
          },
          text,
        )
      }),
    )
  }

  #mark(): void {
    for (const row of this.#body.querySelectorAll('.current')) {
      row.classList.remove('current')
      row.removeAttribute('aria-selected')
    }
    const row = this.#body.querySelector(`#row-${this.#current}`)
    if (row === null) this.#grid.removeAttribute('aria-activedescendant')
    else {
      row.classList.add('current')
      row.setAttribute('aria-selected', 'true')
      this.#grid.setAttribute('aria-activedescendant', row.id)
    }
  }

  #onKey(event: KeyboardEvent): void {
    if (event.target !== this.#grid) return
    const page = Math.max(1, Math.floor(this.#grid.clientHeight / ROW_PIXELS) - 2)
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: this.#current + 1,
      ArrowUp: this.#current - 1,
      PageDown: this.#current + page,
      PageUp: this.#current - page,
      Home: 0,
      End: this.#rows.length - 1,
    }
    const to = steps[event.key]
    if (to !== undefined) this.#moveTo(to)
    else if (event.key === 'Enter' || event.key === ' ') this.#showDetail()
    else if (event.key === 'Escape') this.#detail.replaceChildren()
    else return
    event.preventDefault()
  }

  #onClick(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest('tr.row') : null
    if (!(row instanceof HTMLElement)) return
    this.#current = Number(row.dataset.index)
    this.#mark()
    this.#showDetail()
  }

  #moveTo(index: number): void {
    this.#current = Math.max(0, Math.min(this.#rows.length - 1, index))
    const head = this.#heads[0]?.offsetHeight ?? 0
    const top = this.#current * ROW_PIXELS
    const { scrollTop, clientHeight } = this.#grid
    if (top < scrollTop) this.#grid.scrollTop = top
    else if (top + ROW_PIXELS > scrollTop + clientHeight - head) {
      this.#grid.scrollTop = top + ROW_PIXELS - clientHeight + head
    }
    this.#draw()
  }

  #showDetail(): void {
    const row = this.#rows[this.#current]
    if (row === undefined) return
    const all = this.#documents
    const url = all.text('url', row)
    const isWeb = /^https?:\/\//.test(url)
    const facts: (readonly [string, string | HTMLElement])[] = [
      ['Document', isWeb ? element('a', { href: url, rel: 'noreferrer noopener', target: '_blank' }, url) : url],
      ['Place in the list', formatCount(all.number('id', row) + 1)],
      ['Outcome', all.text('code', row) || 'done'],
      ['Reason', all.text('message', row)],
      ['Tries', String(all.number('attempts', row))],
      ['Thread', all.number('thread', row) === 0 ? '' : String(all.number('thread', row))],
      ['Started after', formatDuration(all.number('startMs', row))],
      ['Download', formatDuration(all.number('downloadMs', row))],
      ['Parsing', milliseconds(all.number('parseMs', row))],
      ['Transform', milliseconds(all.number('transformMs', row))],
      ['Waited for the output to take records', milliseconds(all.number('creditMs', row))],
      ['From the end of parsing until written', milliseconds(all.number('writtenMs', row) - all.number('endMs', row))],
      ['On the wire', formatBytes(all.number('wireBytes', row))],
      ['Decompressed', formatBytes(all.number('decodedBytes', row))],
      ['Records', formatCount(all.number('records', row))],
      ['Rejected', formatCount(all.number('rejected', row))],
    ]
    this.#detail.replaceChildren(
      element(
        'dl',
        {},
        ...facts
          .filter(([, value]) => value !== '')
          .flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
      ),
    )
  }

  #print(isPrinting: boolean): void {
    this.#isPrinting = isPrinting
    this.#drawnFrom = -1
    this.#draw()
  }
}

/** What has no room in its column: of a failure also the reason. */
function titleOf(all: Documents, column: Column, row: number): string {
  const message = column.name === 'code' ? all.text('message', row) : ''
  const text = column.name === 'url' ? all.text('url', row) : column.show(all, row)
  return message === '' ? text : `${text}: ${message}`
}

function space(rows: number): HTMLElement {
  const cell = element('td', { colspan: COLUMNS.length, style: `height:${rows * ROW_PIXELS}px` })
  return element('tr', { class: 'space', role: 'presentation', hidden: rows === 0 }, cell)
}

function duration(all: Documents, name: 'downloadMs' | 'parseMs', row: number): string {
  return milliseconds(all.number(name, row))
}

function milliseconds(value: number): string {
  return value > 0 && value < 10 ? `${value.toFixed(1)} ms` : formatDuration(value)
}

function bytes(all: Documents, row: number): string {
  return all.number('decodedBytes', row) === 0 ? '' : formatBytes(all.number('decodedBytes', row))
}
