import { expect, test } from 'vitest'
import { notXml } from '../../workers/charset/body-kind.ts'

test.each([
  ['<?xml version="1.0"?><a/>'],
  ['<a/>'],
  ['  \n<a/>'],
  ['\uFEFF<a/>'],
  ['<!-- a page? --><a/>'],
  ['<!DOCTYPE volume SYSTEM "v.dtd"><volume/>'],
  ['<?xml version="1.0"?>\n<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"/>'],
  ['<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>'],
  ['<html lang="en" xmlns="http://www.w3.org/1999/xhtml"><body/></html>'],
  ['<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "xhtml1-strict.dtd"><html/>'],
  ['<htmlish/>'],
  [''],
  [' \n'],
])('takes %j for XML, or leaves it to the parser', (text) => {
  expect(notXml(Buffer.from(text))).toBeUndefined()
})

test('takes UTF-16 for XML too', () => {
  for (const text of ['<a/>', '\uFEFF<a/>']) {
    expect(notXml(Buffer.from(text, 'utf16le'))).toBeUndefined()
    expect(notXml(Buffer.from(text, 'utf16le').swap16())).toBeUndefined()
  }
  expect(notXml(Buffer.from('\uFEFF<!doctype html>', 'utf16le'))).toBe('an HTML page')
})

test('leaves encodings that are not read here to the decoder, which names them', () => {
  expect(notXml(Buffer.from([0x4c, 0x6f, 0xa7, 0x94]))).toBeUndefined()
  expect(notXml(Buffer.from([0, 0, 0, 0x3c, 0, 0, 0, 0x61]))).toBeUndefined()
  expect(notXml(Buffer.from([0x3c, 0, 0, 0, 0x61, 0, 0, 0]))).toBeUndefined()
})

test.each([
  ['<!doctype html>\n<html lang="en">', 'an HTML page'],
  ['<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">', 'an HTML page'],
  ['\n\n<html><head>', 'an HTML page'],
  ['<!-- cached --><!-- 2 --> <HTML>', 'an HTML page'],
  ['{"error":"not found"}', 'JSON'],
  ['{\n  "a": 1}', 'JSON'],
  ['[{"a":1}]', 'JSON'],
  ['[]', 'JSON'],
  ['Not Found', 'plain text'],
  ['{not json', 'plain text'],
  ['a\x00b\x01', 'binary data'],
  ['%PDF-1.7', 'a PDF'],
  ['PK\x03\x04…', 'a ZIP archive'],
])('takes %j for %s', (text, kind) => {
  expect(notXml(Buffer.from(text))).toBe(kind)
})

test('knows an image and a compressed body by their first bytes', () => {
  expect(notXml(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]))).toBe('a PNG image')
  expect(notXml(Buffer.from([0x1f, 0x8b, 0x08]))).toBe('gzip data')
})
