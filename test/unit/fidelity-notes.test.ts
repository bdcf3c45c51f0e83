/** What the output does not carry over is counted. */
import { expect, test } from 'vitest'
import { SummaryFold } from '../../src/report/summary.ts'
import { createEngine } from '../../workers/xml/engine/engine.ts'
import { cut, ENGINE_DEFAULTS, engineLines, millPieces } from '../support/engine-lines.ts'
import { done } from '../support/run-events.ts'
import { seededRandom } from '../support/seeded-random.ts'

test.each([
  ['text between children', '<a>1<b/>2<c>3<d/></c></a>', { mixedContent: 2 }],
  ['white space between children, which is no text', '<a> <b/>\n<c/> </a>', {}],
  ['text that is an empty entity', '<!DOCTYPE a [<!ENTITY e "">]><a>&e;<b/></a>', {}],
  ['children of a name that stand apart', '<a><b/><c/><b/><c/></a>', { childrenRegrouped: 1 }],
  ['children of a name that stand together', '<a><b/><b/><c/><c/></a>', {}],
  ['comments', '<!-- x --><a><!-- y --><b/>t<!-- z --></a><!-- x -->', { mixedContent: 1, commentsDropped: 2 }],
  ['instructions with text', '<a><?p some text?><?q x="1" y?><?r "?></a>', { reducedInstructions: 3 }],
  ['instructions that are names or attributes', '<?p out side?><a><?p?><?q x="1" y=\'2\'?></a>', {}],
  ['an instruction with an attribute twice', '<a><?q x="1" x="2"?></a>', { reducedInstructions: 1 }],
])('counts %s', (_, xml, notes) => {
  expect(engineLines(xml).notes).toEqual(notes)
})

test('counts only what is in records', () => {
  const xml = '<v>m<i/>m<!-- c --><?p x?><r>1<b/></r><!-- c --><r><!-- d --></r><i/></v>'
  expect(engineLines(xml, { record: ['r'] }).notes).toEqual({ mixedContent: 1, commentsDropped: 1 })
})

test('counts an element once that stands in several records', () => {
  const xml = '<r>x<r>y<b/></r></r>'
  expect(engineLines(xml, { record: ['r'], nested: true }).notes).toEqual({ mixedContent: 2 })
})

test('the ordered shape loses comments and the text of instructions alone', () => {
  const xml = '<a>1<b/>2<b/><!-- c --><?p x?><c/><b/></a>'
  expect(engineLines(xml, { shape: 'ordered' }).notes).toEqual({ commentsDropped: 1, reducedInstructions: 1 })
})

test('the xml shape loses comments where it must write a record anew', () => {
  const document = (text: string) =>
    `<!DOCTYPE v [<!ENTITY e "x">]><v><r>1<!-- c --><?p x?>2</r><r><!-- d -->${text}</r></v>`
  expect(engineLines(document('t'), { shape: 'xml', record: ['r'] }).notes).toEqual({})
  expect(engineLines(document('&e;'), { shape: 'xml', record: ['r'] }).notes).toEqual({ commentsDropped: 1 })
})

test('counts the same however the document is cut', () => {
  const xml = '<a>1<b/>2<!-- c - c --><b/><c/><b/><?p some text?><!----><d>x<e/></d><?q x="1"?></a>'
  const engine = createEngine(ENGINE_DEFAULTS)
  const { notes } = millPieces(engine, [Buffer.from(xml)])
  expect(notes).toEqual({ mixedContent: 2, childrenRegrouped: 1, commentsDropped: 2, reducedInstructions: 1 })
  for (let seed = 0; seed < 50; seed++) {
    expect(millPieces(engine, cut(Buffer.from(xml), seededRandom(seed), 7)).notes).toEqual(notes)
  }
})

/** What the documents show, one after another in one thread. */
function formsOf(documents: readonly string[], options: Partial<typeof ENGINE_DEFAULTS> = {}) {
  const engine = createEngine({ ...ENGINE_DEFAULTS, ...options })
  return documents.map((xml) => {
    const document = engine.open({ url: 'http://x/' }, () => {})
    try {
      document.write(Buffer.from(xml))
      document.end()
      return document.forms
    } catch {
      return 'failed'
    } finally {
      document.close()
    }
  })
}

test('tells once which elements are single and which are several', () => {
  expect(
    formsOf(['<a><b/><c><d/><d/></c></a>', '<a><b/><c><d/><d/></c></a>', '<a><b/><b/><c><d/></c><?p?></a>', '<a/>']),
  ).toEqual([{ single: ['b', 'c'], repeated: ['d'] }, undefined, { single: ['d'], repeated: ['b'] }, undefined])
})

test('a document that fails shows nothing', () => {
  const records = '<r><b/><b/></r><r><b/></r>'
  const ends = formsOf([`<v>${records}<r></v>`, `<v>${records}</v>`], { record: ['r'] })
  expect(ends).toEqual(['failed', { single: ['b'], repeated: ['b'] }])
})

test('elements of --array are arrays everywhere', () => {
  expect(formsOf(['<a><b/></a>', '<a><b/><b/></a>'], { array: ['b'] })).toEqual([undefined, undefined])
})

test('an element that is single in one document and several in another varies', () => {
  const fold = new SummaryFold()
  fold.add(done(1, 0, { forms: { single: ['author', 'title'], repeated: ['page'] } }))
  expect(fold.summary().varying).toEqual([])
  fold.add(done(2, 1, { forms: { single: ['page'], repeated: ['author'] } }))
  expect(fold.summary().varying).toEqual(['author', 'page'])
})
