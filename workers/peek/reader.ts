/**
 * Reads the text of a document for its profile, as far as it comes. A document that is cut is no error here; one that breaks a rule
 * of XML is read up to there, with the fault that a run would fail it for.
 */
import { SaxesParser } from 'saxes'
import { type DocumentProfile, PROFILE_LIMITS } from '../../src/channel/document-profile.ts'
import { type Failure, MillError } from '../../src/errors.ts'
import { ProfileFold } from './profile-fold.ts'

/** As the gate has it: later versions 1.x are read as far as they keep to 1.0. */
interface SaxesSetting {
  xmlns: false
  position: false
  forceXMLVersion: true
  defaultXMLVersion: '1.0'
}

const SETTING: SaxesSetting = { xmlns: false, position: false, forceXMLVersion: true, defaultXMLVersion: '1.0' }

export class ProfileReader {
  readonly #maxDepth: number
  readonly #fold = new ProfileFold(PROFILE_LIMITS)
  readonly #saxes = new SaxesParser<SaxesSetting>(SETTING)
  #tagStart = 0
  /** Of the text so far: saxes' own position is only good while it reads. */
  #length = 0
  #hasEnded = false
  #fault: Failure | undefined

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
    const saxes = this.#saxes
    const fold = this.#fold
    saxes.on('error', (error) => this.#onError(error.message))
    saxes.on('doctype', (text) => {
      fold.doctype = text
        .replace(/\[[\s\S]*$/, '')
        .replace(/\s+/g, ' ')
        .trim()
        .slice(0, 200)
    })
    saxes.on('comment', () => {
      fold.comments++
    })
    saxes.on('processinginstruction', () => {
      fold.instructions++
    })
    saxes.on('opentagstart', ({ name }) => {
      this.#tagStart = saxes.position - name.length - 2
    })
    saxes.on('opentag', ({ name, attributes }) => this.#onOpen(name, attributes))
    saxes.on('closetag', () => fold.close(saxes.position))
    saxes.on('text', (text) => fold.text(text))
    saxes.on('cdata', (text) => fold.text(text))
  }

  /** What a run would refuse the document for; nothing more is read then. */
  get fault(): Failure | undefined {
    return this.#fault
  }

  /** The next piece of the text. */
  write(text: string): void {
    if (text === '') return
    this.#length += text.length
    this.#read(() => this.#saxes.write(text))
  }

  /** The profile. @param isWhole whether the document ended, or just the part of it that is read */
  finish(isWhole: boolean): DocumentProfile {
    this.#hasEnded = true
    if (isWhole) this.#read(() => this.#saxes.close())
    return this.#fold.finish(this.#length)
  }

  #read(step: () => void): void {
    if (this.#fault !== undefined) return
    try {
      step()
    } catch (error) {
      if (!(error instanceof MillError)) throw error
      this.#fault = error.toFailure()
    }
  }

  #onOpen(name: string, attributes: Readonly<Record<string, string>>): void {
    if (this.#fold.depth >= this.#maxDepth) {
      throw this.#error(
        'DEPTH_TOO_GREAT',
        `<${name}> is nested more than ${this.#maxDepth} deep, which is what --max-depth allows`,
      )
    }
    this.#fold.open(name, attributes, this.#tagStart)
  }

  #onError(message: string): void {
    // It is declared in the document type declaration, or may be where nobody looks: a run decides that.
    if (message === 'undefined entity.') {
      this.#fold.entityReferences++
      return
    }
    if (!this.#hasEnded) throw this.#error('XML_NOT_WELL_FORMED', message.replace(/\.$/, ''))
    const open = this.#fold.openNames.at(-1)
    const where = open === undefined ? 'before its root element is complete' : `inside <${open}>`
    throw this.#error('XML_TRUNCATED', `the document ends ${where}`)
  }

  #error(code: 'XML_NOT_WELL_FORMED' | 'XML_TRUNCATED' | 'DEPTH_TOO_GREAT', sentence: string): MillError {
    const { line, column } = this.#saxes
    return new MillError(code, `${line}:${column}: ${sentence}`, { line, column })
  }
}
